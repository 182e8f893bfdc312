"""The SwarmSettings resource: what cannot change while a swarm lives; pure."""

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
    found = []
    for name, reason in SAID_ONCE.items():
        before, after = old.get(name), new.get(name)
        if before != after:
            sentence = (
                f"is {after!r} and was {before!r}: it cannot change while the swarm lives, because "
                f"{reason}; set {name} to {before!r}, or make a new swarm (pulumi destroy, then "
                "pulumi up)"
            )
            found.append((name, sentence))
    return found
