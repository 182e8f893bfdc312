"""The login to one manager, from the state of a stack."""

from typing import Any

import pytest

from pulumi_swarm.login import way_to
from pulumi_swarm.review.sentences import NODE
from tests.unit.inputs import KEY


def state(*nodes: str) -> list[dict[str, Any]]:
    connection = {
        "managers": ["10.0.0.10", "10.0.1.10", "10.0.2.10"],
        "hostPublicKey": KEY,
        "identityFile": "",
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
