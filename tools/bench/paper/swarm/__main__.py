"""Stands in for the package's plugin where no machine is behind the API: nothing is waited for."""

import uuid
from dataclasses import replace
from typing import cast

from pulumi_swarm.plugin import main
from pulumi_swarm.provider.kinds import KINDS, Kind, State


def _node(_: State) -> tuple[str, State]:
    made = uuid.uuid4().hex
    return made, {"nodeId": made}


kinds = cast("dict[str, Kind]", KINDS)
kinds["swarm:index:Node"] = replace(kinds["swarm:index:Node"], create=_node)
kinds["swarm:index:SwarmSpec"] = replace(
    kinds["swarm:index:SwarmSpec"], create=lambda _: ("spec", {"unlockKey": ""})
)

main()
