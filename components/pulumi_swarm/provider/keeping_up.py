"""Whether the managers that stay know what the one that goes knows.

Docker calls a manager Reachable, and counts it for the quorum, from the moment that it joins. Only
then it takes in raft's log, and a long one takes it minutes (some 64 KiB a second on Docker 20.10).
Should another manager go meanwhile, nothing can be agreed on until it is through: swarmkit has no
learners.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .errors import ResourceError
from .membership import Member
from .swarm import UNREACHABLE, Swarm

KEEP_UP_TIMEOUT_SECONDS = 900
MARK_SECONDS = 20  # a manager that was restarted after a mark forgets that it came
PAUSE_SECONDS = 0.5


class BehindError(ResourceError):
    """A manager has not taken in in time what the swarm knows, or the update was cancelled."""


def wait_until_they_keep_up(
    swarm: Swarm,
    connection: Mapping[str, Any],
    managers: Iterable[Member],
    cancelled: threading.Event,
) -> None:
    """Wait until each of these managers has taken in what the swarm agrees on now.

    One that ssh does not reach is not waited for. Raises ``BehindError`` when one is still behind
    after a quarter of an hour, or when the update is cancelled.
    """
    names = {manager.node_id: manager.hostname for manager in managers}
    behind = {names[node_id]: each for node_id, each in _each(connection) if node_id in names}
    deadline = time.monotonic() + KEEP_UP_TIMEOUT_SECONDS
    while behind:
        with swarm.mark() as mark:
            new_mark_at = time.monotonic() + MARK_SECONDS
            while behind and time.monotonic() < new_mark_at:
                behind = {n: each for n, each in behind.items() if not _has_taken_in(each, mark)}
                if behind and cancelled.wait(PAUSE_SECONDS):
                    raise BehindError("cancelled while managers took in what the swarm knows")
        if behind and time.monotonic() > deadline:
            raise BehindError(
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
