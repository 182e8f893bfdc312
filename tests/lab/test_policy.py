"""The policy pack, run by the engine over real previews."""

import json
from pathlib import Path

import pytest

from tests.lab.cloud import ROOT, LocalCloud, Stack
from tests.lab.programs import STACK, Program, write_program

PACK = str(ROOT / "policy")
PROJECT = {
    "name": "careless",
    "runtime": {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}},
    "plugins": {"providers": [{"name": "swarm", "path": str(ROOT / "components")}]},
}
CARELESS = """
import pulumi
import pulumi_aws as aws
import pulumi_docker as docker
from pulumi_swarm import Node

aws.vpc.SecurityGroupIngressRule(
    "open",
    security_group_id="sg-1",
    cidr_ipv4="0.0.0.0/0",
    ip_protocol="tcp",
    from_port=2377,
    to_port=2377,
)
aws.ec2.Instance(
    "machine",
    ami="ami-1",
    instance_type="t3.small",
    user_data="#!/bin/sh\\ndocker swarm join --token SWMTKN-1-abc 10.0.0.1:2377",
)
provider = docker.Provider("docker")
options = pulumi.ResourceOptions(provider=provider)
docker.Network("wide", name="wide", driver="overlay", attachable=True, opts=options)
for index in range(2):
    Node(
        f"pair-manager-{index}",
        address=f"10.0.0.{index}",
        role="manager",
        availability="active",
        labels={},
        instance_id=f"i-{index}",
        boot_timeout_seconds=60,
        connection={
            "managers": ["10.0.0.1"],
            "hostPublicKey": "ssh-ed25519 AAAA",
            "identityFile": "",
            "through": "",
            "sessionManagerRegion": "",
        },
    )
"""

SAID = {
    "swarm-ports-not-to-the-world": "opens port 2377 to 0.0.0.0/0",
    "metadata-version-2": "httpTokens",
    "encrypted-volumes": "the root volume: set encrypted to true",
    "no-token-in-user-data": "user-data holds a join token",
    "attachable-by-choice": "wide is attachable",
    "odd-managers": "pair has 2 managers",
}


@pytest.fixture
def careless(cloud: LocalCloud, tmp_path: Path) -> Program:
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(json.dumps(PROJECT), encoding="utf-8")
    (folder / "__main__.py").write_text(CARELESS, encoding="utf-8")
    return write_program(folder, cloud)


def test_careless_program_is_stopped_with_every_reason(careless: Program) -> None:
    result = careless.pulumi("preview", "--stack", STACK, "--policy-pack", PACK, check=False)
    assert result.returncode != 0
    text = result.stdout + result.stderr
    for policy, sentence in SAID.items():
        assert policy in text, text
        assert sentence in text, text


def test_package_itself_keeps_to_the_policies(stack: Stack) -> None:
    stack.configure(workerPools=[{"name": "web", "max_size": 2}])  # machines by a template, too
    result = stack.pulumi("preview", "--stack", stack.name, "--policy-pack", PACK)
    said = [policy for policy in SAID if policy in result.stdout]
    assert said == ["attachable-by-choice"]  # the local stack has such networks, and it is advice


def test_attachable_network_that_was_chosen_is_no_finding(stack: Stack, tmp_path: Path) -> None:
    config = tmp_path / "policy.json"
    config.write_text('{"attachable-by-choice": {"networks": ["shared", "secure"]}}')
    command = ("preview", "--stack", stack.name, "--policy-pack", PACK)
    result = stack.pulumi(*command, "--policy-pack-config", str(config))
    assert [policy for policy in SAID if policy in result.stdout] == []
