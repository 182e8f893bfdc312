"""The login to one manager, from the state of a stack."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from pulumi_swarm.login import ssh_config, way_to
from pulumi_swarm.review.quorum import NODE
from tests.unit.inputs import KEY


def state(*nodes: str, identity_file: str = "") -> list[dict[str, Any]]:
    connection = {
        "managers": ["10.0.0.10", "10.0.1.10", "10.0.2.10"],
        "hostPublicKey": KEY,
        "identityFile": identity_file,
        "through": "",
        "sessionManagerRegion": "",
        "bastion": {},
    }
    return [
        {
            "type": NODE,
            "urn": f"urn:pulumi:s::p::{NODE}::{node}",
            "inputs": {"connection": connection},
        }
        for node in nodes
    ]


def proxy(asked: str, *nodes: str) -> str:
    words = way_to(asked, state(*nodes))
    return next(word for word in words if word.startswith("ProxyCommand="))


def test_way_is_to_the_manager_that_was_named_and_to_no_other() -> None:
    found = proxy("red-manager-1", "red-manager-0", "red-manager-1")
    assert "10.0.1.10" in found
    assert "10.0.0.10" not in found


def test_manager_that_never_joined_is_reached_by_what_the_others_know() -> None:
    assert "10.0.2.10" in proxy("red-manager-2", "red-manager-0")


@pytest.mark.parametrize("asked", ["red-worker-0", "blue-manager-0", "red-manager-3", "manager"])
def test_what_is_no_manager_is_refused_with_those_that_are(asked: str) -> None:
    with pytest.raises(SystemExit, match=f"{asked} is no manager .*red-manager-0"):
        way_to(asked, state("red-manager-0", "red-worker-0"))


@pytest.mark.parametrize("identity", ["", "my key"])
def test_entry_of_sshs_configuration_is_the_same_way(identity: str, tmp_path: Path) -> None:
    identity_file = str(tmp_path / identity) if identity else ""
    (tmp_path / "my key").touch()
    resources = state("red-manager-0", identity_file=identity_file)
    file = tmp_path / "config"
    file.write_text(ssh_config("red", "red-manager-1", resources), encoding="utf-8")
    argv = way_to("red-manager-1", resources)
    by_options = settings(argv[0], "-G", "-F", "none", *argv[1:])
    by_name = settings("ssh", "-G", "-F", str(file), "red")
    assert by_name - by_options == {"host red"}
    assert by_options - by_name == {"host swarm-managers"}
    assert "user swarm" in by_name


def settings(*argv: str) -> set[str]:
    """What ssh would go by."""
    shown = subprocess.run(argv, text=True, capture_output=True, check=True).stdout
    return set(shown.splitlines())
