"""Whether the managers that stay know what the one that goes knows.

Docker calls a manager Reachable, and counts it for the quorum, from the moment that it joins. Only
then it takes in raft's log, and a long one takes it minutes: Docker 20.10 sends 64 KiB of it with
each heartbeat, once a second, and whenever there is something new. Should another manager go
meanwhile, nothing can be agreed on until it is through: swarmkit has no learners. So whoever waits
makes something new all the while, which is the mark that it waits for, too.
"""

import threading
import time
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from .errors import ResourceError
from .membership import Member
from .swarm import UNREACHABLE, Swarm
from .watch import PAUSE_SECONDS, pause_seconds

KEEP_UP_TIMEOUT_SECONDS = 900
REACH_TIMEOUT_SECONDS = 60  # Session Manager's agent may take as long on a new machine


class BehindError(ResourceError):
    """A manager has not taken in in time what the swarm knows, or the update was cancelled."""


def wait_until_they_keep_up(
    swarm: Swarm,
    connection: Mapping[str, Any],
    managers: Iterable[Member],
    cancelled: threading.Event,
) -> None:
    """Wait until each of these managers has taken in what the swarm agrees on now.

    One that ssh does not reach within a minute is passed over, and so is one that the swarm loses
    meanwhile. Raises ``BehindError`` when one is still behind after a quarter of an hour, or when
    the update is cancelled.
    """
    names = {manager.node_id: manager.hostname for manager in managers}
    behind = _ways(connection, names.keys(), cancelled)
    deadline = time.monotonic() + KEEP_UP_TIMEOUT_SECONDS
    marks: set[str] = set()  # all: by a clock that goes after, an event is told late
    while behind:
        began = time.monotonic()
        with swarm.mark() as mark:
            marks.add(mark)
            behind = {n: each for n, each in behind.items() if not _has_heard(each, marks)}
            pause = pause_seconds(time.monotonic() - began)
            if behind and cancelled.wait(pause):
                raise BehindError("cancelled while managers took in what the swarm knows")
        if not behind:
            return
        reachable = {member.node_id for member in swarm.members() if member.reachable}
        behind = {n: each for n, each in behind.items() if n in reachable}
        if behind and time.monotonic() > deadline:
            late = ", ".join(sorted(names[node_id] for node_id in behind))
            raise BehindError(
                f"the managers {late} have not taken in what the swarm knows after "
                f"{KEEP_UP_TIMEOUT_SECONDS} s, and without another manager nothing could be agreed "
                "on: see journalctl -u docker there, and run pulumi up again"
            )


def _ways(
    connection: Mapping[str, Any], node_ids: AbstractSet[str], cancelled: threading.Event
) -> dict[str, Swarm]:
    """The ways to these managers alone; one that has just joined may be out of reach at first."""
    ways: dict[str, Swarm] = {}
    unknown = [Swarm({**connection, "managers": [manager]}) for manager in connection["managers"]]
    deadline = time.monotonic() + REACH_TIMEOUT_SECONDS
    side_by_side = ThreadPoolExecutor(len(unknown))  # each takes a connection by ssh
    try:
        while True:
            asked = {side_by_side.submit(_node_id, alone): alone for alone in unknown}
            for answered in as_completed(asked):
                node_id = answered.result()
                if node_id is not None:
                    unknown.remove(asked[answered])
                    if node_id in node_ids:
                        ways[node_id] = asked[answered]
                if len(ways) == len(node_ids):
                    return ways
            if not unknown or time.monotonic() > deadline:
                return ways
            if cancelled.wait(PAUSE_SECONDS):
                raise BehindError("cancelled while managers were looked for")
    finally:
        side_by_side.shutdown(wait=False)  # one that hangs, and is not needed, holds up nobody


def _node_id(manager: Swarm) -> str | None:
    """Which node a manager is; None while it is out of reach."""
    try:
        return manager.node_id()
    except UNREACHABLE:
        return None


def _has_heard(manager: Swarm, marks: Collection[str]) -> bool:
    try:
        return manager.has_heard_of(marks)
    except UNREACHABLE:
        return False
