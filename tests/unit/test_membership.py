"""Decisions about nodes from what a manager lists."""

from typing import Any

import pytest

from pulumi_swarm.provider.membership import (
    Member,
    arrived,
    member,
    phantoms,
    why_not_removable,
)


def node(name: str, **changes: Any) -> Member:
    values: dict[str, Any] = {
        "node_id": name,
        "hostname": name,
        "address": f"10.0.0.{name[-1]}",
        "role": "manager" if name.startswith("m") else "worker",
        "availability": "active",
        "labels": {},
        "state": "ready",
        "reachable": name.startswith("m"),
        "in_raft": name.startswith("m"),
    }
    return Member(**{**values, **changes})


THREE = [node("m1"), node("m2"), node("m3"), node("w4")]


def test_manager_address_is_that_which_managers_use_not_its_loopback() -> None:
    found = {
        "ID": "x",
        "Version": {"Index": 7},
        "Spec": {"Role": "manager", "Availability": "active"},
        "Description": {"Hostname": "h"},
        "Status": {"State": "ready", "Addr": "0.0.0.0"},
        "ManagerStatus": {"Addr": "10.0.0.1:2377", "Reachability": "reachable"},
    }
    read = member(found)
    assert (read.address, read.labels, read.reachable) == ("10.0.0.1", {}, True)
    assert read.in_raft


@pytest.mark.parametrize(
    ("changes", "is_there"),
    [({}, True), ({"state": "down"}, False), ({"reachable": False}, False)]
    + [({"role": "worker"}, False), ({"address": "10.0.0.9"}, False)],
)
def test_manager_has_arrived_when_it_is_ready_and_reachable(
    changes: dict[str, Any], is_there: bool
) -> None:
    assert (arrived([node("m1", **changes)], "10.0.0.1", "manager") is not None) is is_there


def test_lives_before_at_the_same_address_are_phantoms_qr_4() -> None:
    before = node("w9", address="10.0.0.4", state="down")
    other = node("w5", state="down")
    assert phantoms([*THREE, before, other], THREE[3]) == [before]


def test_node_that_joined_twice_is_the_newer_one_and_the_older_goes_jn_8() -> None:
    """Managers take the one before for ready until it has missed its heartbeats."""
    old = node("w8", address="10.0.0.4", created="2026-11-26T17:00:00.1Z")
    new = node("w9", address="10.0.0.4", created="2026-11-26T17:00:20.1Z")
    for members in ([old, new], [new, old]):
        assert arrived(members, "10.0.0.4", "worker") == new
        assert phantoms(members, new) == [old]


def test_join_that_broke_off_is_no_manager_and_does_not_count_for_the_quorum_qr_4() -> None:
    """It shall be one, by the token that it came with; but raft has never heard of it."""
    broken = node("m9", hostname="", address="", state="unknown", reachable=False, in_raft=False)
    assert why_not_removable([*THREE, broken], THREE[0]) is None
    assert why_not_removable([*THREE, broken], broken) is None


def test_manager_may_leave_three_that_are_well() -> None:
    assert why_not_removable(THREE, THREE[0]) is None


def test_manager_may_not_leave_when_the_rest_has_no_quorum_qr_2() -> None:
    members = [node("m1"), node("m2"), node("m3", reachable=False), node("w4")]
    reason = why_not_removable(members, members[0])
    assert reason is not None
    assert "would break the quorum: of 3 managers 2 are reachable" in reason


def test_unreachable_manager_may_leave_since_it_counts_for_nothing() -> None:
    members = [node("m1"), node("m2"), node("m3", reachable=False)]
    assert why_not_removable(members, members[2]) is None


def test_only_manager_may_not_leave() -> None:
    reason = why_not_removable([node("m1"), node("w4")], node("m1"))
    assert reason is not None
    assert "the only manager" in reason


def test_worker_may_always_leave() -> None:
    assert why_not_removable([node("m1"), node("w4")], node("w4")) is None
