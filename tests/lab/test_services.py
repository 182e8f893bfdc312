"""A program of the user's own that puts services on the stack's networks."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.settings import BUSYBOX_IMAGE
from tests.lab.cloud import LocalCloud, Stack, eventually
from tests.lab.containers import MANAGER

# Networks by id (KD-9), two of them on one service (KD-11). The image by digest and the restart
# policy in full, because the provider shows what Docker fills in of those as changes, too.
PROGRAM = """
import json
import pulumi
import pulumi_docker as docker

given = json.loads(open("given.json").read())
provider = docker.Provider("swarm", host=given["host"], ssh_opts=given["ssh_opts"])
docker.Service(
    "web",
    name="web",
    task_spec=docker.ServiceTaskSpecArgs(
        container_spec=docker.ServiceTaskSpecContainerSpecArgs(
            image=given["image"], commands=["sleep", "600"]
        ),
        networks_advanceds=[
            docker.ServiceTaskSpecNetworksAdvancedArgs(name=given["networks"][name])
            for name in ("app", "shared")
        ],
        restart_policy=docker.ServiceTaskSpecRestartPolicyArgs(
            condition="any", delay="0s", window="0s"
        ),
    ),
    opts=pulumi.ResourceOptions(
        provider=provider, ignore_changes=given["ignored"]
    ),
)
"""
PROJECT = """
name: consumer
runtime: {name: python, options: {virtualenv: .venv}}
"""


@pytest.fixture
def consumer(stack: Stack, swarm: LocalCloud, tmp_path: Path) -> Iterator[Stack]:
    outputs = stack.outputs()
    given = {
        "host": outputs["docker_host"],
        "ssh_opts": stack.ssh_options(),
        "networks": outputs["network_ids"],
        "image": digest_of(swarm, BUSYBOX_IMAGE),
        "ignored": [],
    }
    made = Stack(tmp_path, swarm, name="consumer")
    (made.folder / "given.json").write_text(json.dumps(given))
    (made.folder / "Pulumi.consumer.yaml").write_text("config: {}\n")
    made.replace_program(PROJECT, PROGRAM)
    yield made
    made.destroy()


def digest_of(swarm: LocalCloud, image: str) -> str:
    swarm.on(MANAGER, "docker", "pull", "-q", image)
    template = "{{index .RepoDigests 0}}"
    return swarm.on(MANAGER, "docker", "image", "inspect", "--format", template, image).strip()


def test_service_on_two_networks_by_id_is_quiet_kd_9_kd_11(
    consumer: Stack, swarm: LocalCloud
) -> None:
    consumer.up()
    listed = ("docker", "service", "ls", "--format", "{{.Name}} {{.Replicas}}")
    eventually(lambda: "web 1/1" in swarm.on(MANAGER, *listed), 60, "the service runs")
    for _ in range(5):
        assert consumer.preview() == {}
    # A refresh reads the networks under another key; unless ignored, it then replaces the service.
    path = consumer.folder / "given.json"
    given = json.loads(path.read_text())
    path.write_text(json.dumps({**given, "ignored": ["taskSpec.networksAdvanceds"]}))
    consumer.refresh()
    assert consumer.preview() == {}
