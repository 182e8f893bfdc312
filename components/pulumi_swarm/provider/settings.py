"""The SwarmSettings resource: what cannot change while a swarm or a node lives; pure."""

from collections.abc import Mapping
from typing import Any

# Each with what Docker does about it (docker swarm init; moby#38158).
SAID_ONCE = {
    "defaultAddrPool": "networks without a subnet are taken from it since the swarm was made",
    "subnetSize": "networks without a subnet have it since the swarm was made",
    "dataPathPort": "every node sends overlay traffic to it since the swarm was made",
}


SAID_AT_BIRTH = {
    "dockerGwbridge": "a node makes it before it joins, and Docker does not change it while "
    "containers use it",
    "bip": "a node is told before it joins, and a network over the old one would be cut off there",
}


def refusals(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The inputs that may not change, each with what to do; empty for a new swarm."""
    if not old:
        return []
    return [*_said_once(old, new), *_said_at_birth(old, new)]


def _said_once(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for name, why in SAID_ONCE.items():
        before, after = old.get(name), new.get(name)
        if before is None or before == after:
            continue
        sentence = (
            f"is {after!r} and was {before!r}: it cannot change while the swarm lives, because "
            f"{why}; set {name} to {before!r} (where it was chosen for you, a range that is new "
            "here lies over it: move that), or make a new swarm (pulumi destroy, then pulumi up)"
        )
        found.append((name, sentence))
    return found


def _said_at_birth(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a node is told before it joins reaches it only when it is replaced (GW-6)."""
    before, after = old.get("nodes") or {}, new.get("nodes") or {}
    kept = _kept(before, after)
    pools = _kept(old.get("pools") or {}, new.get("pools") or {})
    not_raised = [*kept, *(f"the pool {name}" for name in pools)]
    found = []
    for name, why in SAID_AT_BIRTH.items():
        was, now = old.get(name), new.get(name)
        if not_raised and was not in (None, now):
            sentence = (
                f"is {now!r} and was {was!r}: {why}; raise managerGeneration, workerGeneration and "
                "the generation of each pool in the same update, which replaces the nodes in turn "
                f"(not raised: {', '.join(not_raised)})"
            )
            found.append((name, sentence))
    for key in kept:
        if before[key]["advertiseAddr"] != after[key]["advertiseAddr"]:
            sentence = (
                f"is changed for {key}: a node tells its address when it joins; raise "
                f"nodeGenerations of {key} in the same update, which replaces it"
            )
            found.append(("nodeAdvertiseAddrs", sentence))
    return found


def _kept(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The keys of those that are the same machines before and after."""
    return sorted(
        key
        for key in before
        if key in after and before[key]["generation"] == after[key]["generation"]
    )
