"""The Rollout resource: which nodes have predecessors, and so are replaced in turn; pure."""

from collections.abc import Mapping
from typing import Any

from pulumi_swarm.plan.nodes import parse_node_name

State = dict[str, Any]


def create(_inputs: State) -> tuple[str, State]:
    """New nodes have no tasks to move and no vote to miss: they are all made at once."""
    return "rollout", {"replaced": []}


def update(_resource_id: str, old: State, new: State) -> State:
    """Those that are replaced now, and those of rollouts before, which may not have come to an end.

    To name one that has long been replaced costs nothing: what exists waits for nobody.
    """
    before: Mapping[str, str] = old["machines"]
    unfinished = set(old.get("replaced") or ())
    replaced = [
        key
        for key, machine in new["machines"].items()
        if key in before and (machine != before[key] or key in unfinished)
    ]
    # Maps come by the wire in any order.
    return {"replaced": sorted(replaced, key=_place)}


def _place(key: str) -> int:
    name = parse_node_name(f"swarm-{key}")
    return 0 if name is None else name.index
