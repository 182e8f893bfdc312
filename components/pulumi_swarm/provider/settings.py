"""The SwarmSettings resource: what cannot change while a swarm or a node lives; pure."""

from collections.abc import Mapping
from typing import Any

# Each with what Docker does about it (docker swarm init; moby#38158).
SAID_ONCE = {
    "defaultAddrPool": "networks without a subnet are taken from it since the swarm was made",
    "subnetSize": "networks without a subnet have it since the swarm was made",
    "dataPathPort": "every node sends overlay traffic to it since the swarm was made",
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
            f"{why}; set {name} to {before!r}, or make a new swarm (pulumi destroy, then "
            "pulumi up)"
        )
        found.append((name, sentence))
    return found


def _said_at_birth(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a node is told before it joins reaches it only when it is replaced (GW-6)."""
    before, after = old.get("nodes") or {}, new.get("nodes") or {}
    kept = sorted(
        key
        for key in before
        if key in after and before[key]["generation"] == after[key]["generation"]
    )
    found = []
    bridge_before, bridge = old.get("dockerGwbridge"), new.get("dockerGwbridge")
    if kept and bridge_before not in (None, bridge):
        sentence = (
            f"is {bridge!r} and was {bridge_before!r}: a node makes it before it joins, and Docker "
            "does not change it while containers use it; raise nodeGenerations of all nodes in "
            f"the same update, which replaces them in turn (not raised: {', '.join(kept)})"
        )
        found.append(("dockerGwbridge", sentence))
    for key in kept:
        if before[key]["advertiseAddr"] != after[key]["advertiseAddr"]:
            sentence = (
                f"is changed for {key}: a node tells its address when it joins; raise "
                f"nodeGenerations of {key} in the same update, which replaces it"
            )
            found.append(("nodeAdvertiseAddrs", sentence))
    return found
