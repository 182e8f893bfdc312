"""How many managers there are while it happens, in sentences; pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_swarm.plan.nodes import parse_node_name, quorum
from pulumi_swarm.plan.ports import Role

from .steps import Change, State, Step, all_inputs
from .words import counted

NODE = "swarm:index:Node"


def sentences(preview: Mapping[str, Any], steps: Sequence[Step]) -> Iterator[str]:
    """How many managers of each swarm there are and must agree: before, at the worst, after."""
    nodes = all_inputs(preview, NODE)
    clusters = sorted({cluster_of(name) for name in nodes})
    replaced = {
        cluster_of(s.name)
        for s in steps
        if s.kind == NODE and s.change is Change.REPLACE and s.before.get("role") == Role.MANAGER
    }
    for cluster in clusters:
        mine = [sides for name, sides in nodes.items() if cluster_of(name) == cluster]
        before, after = (sum(_is_manager(sides[i]) for sides in mine) for i in (0, 1))
        title = f"`{cluster}`, " if len(clusters) > 1 else ""
        for sentence in _quorum_of(before, after, replaced=cluster in replaced):
            yield f"{title}{sentence}"


def _is_manager(node: State | None) -> bool:
    return node is not None and node.get("role") == Role.MANAGER


def cluster_of(node: str) -> str:
    """The swarm that a node's name names; of a foreign name, none."""
    found = parse_node_name(node)
    return "" if found is None else found.cluster


def _quorum_of(before: int, after: int, *, replaced: bool) -> Iterator[str]:
    if before == after and not replaced:
        return
    lowest = min(before, after) - (1 if replaced else 0)
    for when, managers in (("before", before), ("at the fewest", lowest), ("after", after)):
        if managers > 0:
            spare = managers - quorum(managers)
            yield (
                f"{when}: {counted(managers, 'manager')}, {quorum(managers)} must agree, "
                f"{counted(spare, 'loss', 'losses')} can be survived"
            )
        elif when == "at the fewest" and before > 0:
            yield "at the fewest: no manager, so the swarm and all it holds is lost"
