"""No token, private key or password where somebody may read it who should not."""

import base64
import json
import re
from collections.abc import Iterator

import pytest

from tests.lab.cloud import LocalCloud, Stack
from tests.lab.containers import MANAGER

SECRET = re.compile(r"SWMTKN-\S+|BEGIN (OPENSSH |RSA |EC )?PRIVATE KEY|canary-4f1d9")
CANARY = "canary-4f1d9"


def places(swarm: LocalCloud, stack: Stack) -> Iterator[tuple[str, str]]:
    """Every place a secret might have leaked to: (where, text)."""
    ec2 = swarm.aws("ec2")
    for reservation in ec2.describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            instance_id = instance["InstanceId"]
            answer = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")
            encoded = answer["UserData"].get("Value", "")
            yield f"user-data of {instance_id}", base64.b64decode(encoded).decode()
    yield "tags", json.dumps(ec2.describe_tags()["Tags"])
    yield "state", stack.export()
    yield "outputs", json.dumps(stack.outputs())
    yield "preview", stack.preview_json()
    parameters = swarm.aws("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": ["/pulumi-swarm"]}]
    )
    for parameter in parameters["Parameters"]:
        found = swarm.aws("ssm").get_parameter(Name=parameter["Name"])
        yield f"parameter {parameter['Name']}", found["Parameter"]["Value"]
    for host in swarm.hosts():
        yield f"journal of {host}", swarm.on(host, "journalctl", "--no-pager")
        yield f"console of {host}", swarm.lab("logs", host).stdout
        script = "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"
        yield f"process list of {host}", swarm.on(host, "sh", "-c", script)


def leaks(swarm: LocalCloud, stack: Stack) -> list[str]:
    return [
        f"{where}: {match[0][:20]}"
        for where, text in places(swarm, stack)
        for match in SECRET.finditer(text)
    ]


def test_no_secret_is_where_it_should_not_be_jn_10_pd_14_py_9_ud_2_ia_3(
    swarm: LocalCloud, stack: Stack
) -> None:
    assert leaks(swarm, stack) == []


def test_the_search_finds_a_secret_that_was_planted(swarm: LocalCloud, stack: Stack) -> None:
    instance = swarm.hosts()[MANAGER]["instance"]
    tags = [{"Key": "planted", "Value": CANARY}]
    swarm.aws("ec2").create_tags(Resources=[instance], Tags=tags)
    swarm.on(MANAGER, "logger", CANARY)
    try:
        found = leaks(swarm, stack)
    finally:
        swarm.aws("ec2").delete_tags(Resources=[instance], Tags=[{"Key": "planted"}])
        swarm.on(MANAGER, "journalctl", "--rotate")
        swarm.on(MANAGER, "journalctl", "--vacuum-time=1s")
    assert {where.split(":")[0] for where in found} == {"tags", f"journal of {MANAGER}"}


@pytest.mark.parametrize("token", ["worker", "manager"])
def test_the_secrets_hold_the_tokens_of_this_swarm(swarm: LocalCloud, token: str) -> None:
    client = swarm.aws("secretsmanager")
    listed = client.list_secrets()["SecretList"]
    arn = next(s["ARN"] for s in listed if f"{token}-token" in s["Name"])
    held = client.get_secret_value(SecretId=arn)["SecretString"]
    assert held == swarm.on(MANAGER, "docker", "swarm", "join-token", "-q", token).strip()


def test_the_user_of_the_docker_provider_can_do_nothing_but_speak_to_docker(
    swarm: LocalCloud,
) -> None:
    settings = _sshd_settings(swarm, "swarm")
    assert settings["forcecommand"] == "/usr/local/bin/swarm-dial"
    assert settings["disableforwarding"] == "yes"
    assert settings["permittty"] == "no"
    assert _sshd_settings(swarm, "admin")["forcecommand"] == "none"  # nobody else is held to it


def test_managers_take_many_connections_at_once_pd_7(swarm: LocalCloud) -> None:
    assert _sshd_settings(swarm, "swarm")["maxstartups"] == "500:30:1000"


def _sshd_settings(swarm: LocalCloud, user: str) -> dict[str, str]:
    shown = swarm.on(MANAGER, "sshd", "-T", "-C", f"user={user},host=x,addr=10.0.0.1")
    return dict(line.split(" ", 1) for line in shown.splitlines() if " " in line)
