"""One ssh connection for all that the Docker provider asks while this plugin runs.

The provider dials anew for nearly each question, and a handshake takes ssh and
sshd twice as long as what is asked. So the plugin holds a connection open, and
the ssh options that the provider has let it go by that (ssh_config(5),
ControlPath). Without it, it dials as it would have
(docs/decisions/0011-a-shared-connection.md).
"""

import http
import http.client
import json
import os
import pwd
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pulumi_swarm.plan.connection import (
    SSH_HOST,
    SSH_USER,
    Connection,
    control_path,
    ssh_options,
)

from .docker_over_ssh import SSH_TIMEOUT_SECONDS, dial, start

ASK_SECONDS = 2
ANSWER_SECONDS = 5  # a manager that does not answer for as long is left to those that hold on to it
# Between two dials: sshd shuts out who fails too often (sshd_config(5), PerSourcePenalties).
REST_SECONDS = 30
# The engine kills a plugin, so that it puts nothing in order; whoever runs ssh lives on to its end.
WITHDRAW = 'own=$1; shift; "$@"; [ "$(readlink "$0")" != "$own" ] || rm -f "$0"'

_wakes: dict[str, threading.Event] = {}
_lock = threading.Lock()


def offer(connection: Mapping[str, Any], *, new_manager: bool = False) -> None:
    """Hold a connection open in the background, once for each cluster.

    After a failure it is dialled again in half a minute, or as soon as there is
    a new manager. Nobody hears of a failure.
    """
    key = json.dumps(connection, sort_keys=True)
    with _lock:
        wake = _wakes.get(key)
        if wake is None:
            wake = _wakes[key] = threading.Event()
            threading.Thread(target=_hold_for_ever, args=(connection, wake), daemon=True).start()
        elif new_manager:
            wake.set()


def socket_of(connection: Connection) -> Path:
    """The path that ssh makes of the one in its options."""
    return Path(control_path(connection).replace("%d", pwd.getpwuid(os.getuid()).pw_dir))


def holding(connection: Connection, own: Path) -> list[str]:
    """The ``argv`` of the ssh that others go by. It ends with its input, however this process does.

    ssh takes the first of two values, so the user's own ControlPersist, by which it would go on in
    the background, counts for nothing.
    """
    master = ["-o", "ControlMaster=yes", "-o", "ControlPersist=no", "-o", f"ControlPath={own}"]
    return dial([*master, *ssh_options(connection)], f"{SSH_USER}@{SSH_HOST}")


def _hold_for_ever(inputs: Mapping[str, Any], wake: threading.Event) -> None:
    # KeyError: of a user whom the machine does not know.
    with suppress(KeyError):
        connection = Connection.of(inputs)
        path = socket_of(connection)
        while True:
            with suppress(OSError, http.client.HTTPException):
                _hold(connection, path)
            wake.wait(REST_SECONDS)
            wake.clear()


def _hold(connection: Connection, path: Path) -> None:
    """Dial, and let others go by it for as long as the swarm answers."""
    if _is_served(path):  # by another update or preview of this stack
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    own = path.with_name(f"{path.name}.{uuid.uuid4().hex[:6]}")
    withdrawn_at_last = ["sh", "-c", WITHDRAW, str(path), own.name]
    with _dialled([*withdrawn_at_last, *holding(connection, own)]) as way:
        _ask(way)
        way.sock.settimeout(ANSWER_SECONDS)
        with _published(own, path):
            while True:
                time.sleep(ASK_SECONDS)
                _ask(way)


@contextmanager
def _dialled(argv: list[str]) -> Iterator[http.client.HTTPConnection]:
    """A way to Docker over ssh, which stays behind for those that go by it still."""
    # Not ended by Ctrl+C, at which an update still does much: its session is its own.
    ours, _ = start(argv, stderr=subprocess.DEVNULL)
    with ours:
        ours.settimeout(SSH_TIMEOUT_SECONDS)
        way = http.client.HTTPConnection("docker")
        way.auto_open = 0  # there is no other way to a host of this name
        way.sock = ours
        yield way


def _ask(way: http.client.HTTPConnection) -> None:
    """What the managers' login asks before it lets anyone in (bootstrap/swarm-dial.sh)."""
    way.request("GET", "/swarm")
    with way.getresponse() as answer:
        answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise OSError(f"this is no manager with a quorum: {answer.status}")


@contextmanager
def _published(own: Path, path: Path) -> Iterator[None]:
    """The socket under the name that others know."""
    if not _is_served(path):
        path.unlink(missing_ok=True)
    path.symlink_to(own.name)
    try:
        yield
    finally:
        # What goes by it goes on; whoever dials from now on finds a manager that answers.
        if path.is_symlink() and path.readlink() == Path(own.name):
            path.unlink(missing_ok=True)


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as tried:
        try:
            tried.connect(str(path))
        except OSError:
            return False
        return True
