"""Nodes that are replaced wait for each other; new ones for nobody."""

import asyncio
from collections.abc import Mapping, Sequence

import pulumi

from .resources import Node, Rollout


def in_turn(
    rollout: Rollout, key: str, parallelism: int, made: Mapping[str, Node]
) -> "pulumi.Output[list[Node]]":
    """What a node waits for: a place among those that may be away at once.

    It reads no more of ``made`` than nodes that come before it in their order.
    """

    def before(replaced: Sequence[str] | None) -> list[Node]:
        if not replaced or key not in replaced or not parallelism:  # None with a program's mocks
            return []
        place = list(replaced).index(key) - parallelism
        return [made[replaced[place]]] if place >= 0 else []

    return rollout.replaced.apply(before)


def once_done(nodes: "pulumi.Output[list[Node]]", value: str) -> pulumi.Output[str]:
    """A value that is there when these nodes are done, and depends on nothing.

    Dependencies stay in the state: with one on another node, all would be made
    and destroyed one after the other too.
    """

    async def wait() -> str:
        for node in await nodes.future(with_unknowns=True) or ():
            await node.node_id.future(with_unknowns=True)
            # With --continue-on-error the program goes on when a resource has failed.
            if not await node.node_id.is_known() and not pulumi.runtime.is_dry_run():
                raise RuntimeError(
                    "a node that was replaced has not come back, so no other is taken away; "
                    "see its own error"
                )
        return value

    async def known() -> bool:
        return True

    return pulumi.Output(set(), asyncio.ensure_future(wait()), asyncio.ensure_future(known()))
