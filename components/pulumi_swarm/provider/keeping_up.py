"""Whether the managers that stay know what the one that goes knows.

Docker calls a manager Reachable, and counts it for the quorum, from the moment that it joins. Only
then it takes in raft's log, and a long one takes it minutes (some 64 KiB a second on Docker 20.10).
Should another manager go meanwhile, nothing can be agreed on until it is through: swarmkit has no
learners.
"""

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .errors import ResourceError
from .swarm import UNREACHABLE, Swarm

KEEP_UP_TIMEOUT_SECONDS = 900
MARK_SECONDS = 20  # a manager that was restarted after a mark forgets that it came


def wait_until_they_keep_up(
    swarm: Swarm,
    connection: Mapping[str, Any],
    node_ids: Collection[str],
    cancelled: threading.Event,
) -> None:
    """Wait until each of these managers has taken in what the swarm agrees on now.

    One that ssh does not reach is not waited for. Raises ``ResourceError`` when one is still behind
    after a quarter of an hour, or when the update is cancelled.
    """
    behind = {node_id: each for node_id, each in _each(connection) if node_id in node_ids}
    deadline = time.monotonic() + KEEP_UP_TIMEOUT_SECONDS
    while behind:
        with swarm.mark() as mark:
            new_mark_at = time.monotonic() + MARK_SECONDS
            while behind and time.monotonic() < new_mark_at:
                if cancelled.is_set():
                    raise ResourceError("cancelled while managers took in the swarm's log")
                behind = {k: each for k, each in behind.items() if not _has_taken_in(each, mark)}
        if behind and time.monotonic() > deadline:
            raise ResourceError(
                f"the managers {', '.join(sorted(behind))} have not taken in what the swarm knows "
                f"after {KEEP_UP_TIMEOUT_SECONDS} s, and without another manager nothing could be "
                "agreed on: see journalctl -u docker there, and run pulumi up again"
            )


def _each(connection: Mapping[str, Any]) -> Iterator[tuple[str, Swarm]]:
    """Every manager that answers, as a node and as the way to it alone."""
    for manager in connection["managers"]:
        alone = Swarm({**connection, "managers": [manager]})
        try:
            yield alone.node_id(), alone
        except UNREACHABLE:
            continue


def _has_taken_in(manager: Swarm, mark: str) -> bool:
    try:
        return manager.has_taken_in(mark)
    except UNREACHABLE:
        return False
