"""No token, private key or password where somebody may read it who should not."""

import pytest

from tests.lab.cloud import LocalCloud, Stack
from tests.lab.containers import MANAGER
from tests.lab.leaks import CANARY, leaks


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
    assert swarm.kept(f"{token}-token") == (
        swarm.on(MANAGER, "docker", "swarm", "join-token", "-q", token).strip()
    )


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
