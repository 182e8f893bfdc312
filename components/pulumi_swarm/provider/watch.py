"""The members of a swarm, asked for once for all that wait for a machine at the same time."""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from .membership import Member
from .swarm import UNREACHABLE, Swarm

PAUSE_SECONDS = 0.2  # between two looks at what does not change at once
MOST_PAUSE_SECONDS = 1.0
SHARE_OF_TIME = 10  # managers are asked for a tenth of the time

_watches: dict[str, "Watch"] = {}


class Watch:
    """A swarm that many look at.

    Each machine's own question would be an ssh connection per second and
    machine, to managers that are just booting themselves.
    """

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self.swarm = Swarm(connection)
        self._lock = threading.Lock()
        self._asked_at = self._next_at = float("-inf")
        self._seen: list[Member] | Exception = []

    def members(self, since: float) -> list[Member]:
        """Every node that the managers list; asked after ``since``, and not without a pause.

        Asking rests ten times as long as it took, up to a second, and as long as it took beyond
        that: managers of many nodes have other things to do, those that hang are not asked again by
        each of those that wait, and a slow machine has time for its managers to boot.
        """
        with self._lock:
            if self._asked_at < since or self._next_at < time.monotonic():
                self._asked_at = time.monotonic()
                try:
                    self._seen = self.swarm.members()
                except UNREACHABLE as error:
                    self._seen = error
                now = time.monotonic()
                self._next_at = now + pause_seconds(now - self._asked_at)
            if isinstance(self._seen, Exception):
                raise self._seen
            return self._seen


def pause_seconds(took_seconds: float) -> float:
    """How long to leave managers alone after a question that took so long."""
    share = min(SHARE_OF_TIME * took_seconds, MOST_PAUSE_SECONDS)
    return max(PAUSE_SECONDS, share, took_seconds)


def watch(connection: Mapping[str, Any]) -> Watch:
    """The one watch over the swarm behind a connection."""
    key = json.dumps(connection, sort_keys=True)
    return _watches.setdefault(key, Watch(connection))
