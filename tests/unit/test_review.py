"""The report over a preview: what a manager says is attached, and previews that failed."""

from typing import Any

import pytest

from pulumi_swarm.review.__main__ import markdown
from pulumi_swarm.review.attached import count
from pulumi_swarm.review.sentences import review

URN = "urn:pulumi:dev::swarm::swarm:index:SwarmCluster$"


def step(op: str, kind: str, name: str, before: Any = None, after: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = {"op": op, "urn": f"{URN}{kind}::{name}"}
    if before is not None:
        found["oldState"] = {"custom": True, "inputs": before}
    if after is not None:
        found["newState"] = {"custom": True, "inputs": after}
    return found


def node(op: str, index: int, before: str | None, after: str | None) -> dict[str, Any]:
    sides = [None if role is None else {"role": role} for role in (before, after)]
    return step(op, "swarm:index:Node", f"swarm-node-{index}", *sides)


def test_services_and_standalone_containers_are_counted_by_network() -> None:
    services = [
        {"Spec": {"TaskTemplate": {"Networks": [{"Target": "n1"}, {"Target": "n2"}]}}},
        {"Spec": {"TaskTemplate": {"Networks": [{"Target": "n1"}]}}},
        {"Spec": {"TaskTemplate": {}}},
    ]
    containers = [
        {"NetworksAttachments": [{"Network": {"ID": "n2"}}]},
        {"NetworksAttachments": [{"Network": {"ID": "other"}}]},
    ]
    assert count({"n1": "app", "n2": "data"}, services, containers) == {
        "app": (2, 0),
        "data": (1, 1),
    }


def test_promotion_and_demotion_are_called_so() -> None:
    found = review(
        {
            "steps": [
                node("update", 0, "worker", "manager"),
                node("update", 1, "manager", "worker"),
            ]
        },
        None,
    )
    assert found.nodes == (
        "worker `swarm-node-0` is promoted to manager",
        "manager `swarm-node-1` is demoted to worker",
    )
    assert not found.destructive


def test_swarm_that_is_lost_is_called_so() -> None:
    found = review({"steps": [node("replace", 0, "manager", "manager")]}, None)
    assert "at the fewest: no manager, so the swarm and all it holds is lost" in found.quorum


def test_preview_that_failed_says_why_in_the_report() -> None:
    message = (
        "SwarmCluster: 1 input is wrong; nothing was made:\n  - managerCount is 2: must be odd"
    )
    found = review({"steps": [], "diagnostics": [{"severity": "error", "message": message}]}, {})
    assert found.unknown == (message,)
    assert "managerCount is 2" in markdown(found)


@pytest.mark.parametrize("op", ["same", "read", "create-replacement", "delete-replaced"])
def test_steps_that_are_no_change_of_their_own_are_left_out(op: str) -> None:
    found = review({"steps": [node(op, 0, "worker", "worker")]}, {})
    assert found.nodes == ()
