"""The report over a preview: what a manager says is attached, and previews that failed."""

from typing import Any

import pytest

from pulumi_swarm.review.__main__ import markdown
from pulumi_swarm.review.attached import count
from pulumi_swarm.review.sentences import Live, review

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
    vni = "com.docker.network.driver.overlay.vxlanid_list"
    networks = [
        {"Id": "n1", "Name": "app", "Options": {vni: "4097,4098"}},
        {"Id": "n2", "Name": "data", "Options": None},
    ]
    assert count(networks, services, containers) == {
        "app": Live(services=2, containers=0, vnis=(4097, 4098)),
        "data": Live(services=1, containers=1),
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


GROUP = "aws:autoscaling/group:Group"


def pool(op: str, before: Any, after: Any) -> dict[str, Any]:
    sides = [
        None if s is None else dict(zip(("minSize", "maxSize"), s, strict=True))
        for s in (before, after)
    ]
    return step(op, GROUP, "swarm-web", *sides)


@pytest.mark.parametrize(
    ("op", "before", "after", "said", "destructive"),
    [
        ("create", None, (2, 9), "pool `swarm-web` is added: 2 to 9 workers join", False),
        ("update", (2, 9), (2, 20), "has 2 to 20 workers, where it had 2 to 9", False),
        ("delete", (2, 9), None, "is removed: its 2 to 9 workers leave", True),
    ],
)
def test_pool_is_told_by_its_bounds(
    op: str, before: Any, after: Any, said: str, destructive: bool
) -> None:
    found = review({"steps": [pool(op, before, after)]}, None)
    assert len(found.nodes) == 1
    assert said in found.nodes[0]
    assert found.destructive is destructive
    assert found.others == ()


def test_pool_with_another_template_has_its_machines_replaced() -> None:
    template = step("replace", "aws:ec2/launchTemplate:LaunchTemplate", "swarm-web", {}, {})
    found = review({"steps": [template, pool("update", (2, 9), (2, 9))]}, None)
    assert found.nodes == ("pool `swarm-web` has its machines replaced by an instance refresh",)


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
