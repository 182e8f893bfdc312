"""One ssh connection for all that the Docker provider asks while this plugin runs.

The provider dials anew for nearly each question, and a handshake takes ssh and
sshd twice as long as what is asked. So the plugin holds a connection open, and
the ssh options that the provider has let it go by that (ssh_config(5),
ControlPath). Without it, it dials as it would have: nothing depends on it
(docs/decisions/0011-a-shared-connection.md).
"""

import json
import os
import pwd
import select
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from pulumi_swarm.plan.connection import (
    SSH_HOST,
    SSH_USER,
    Connection,
    control_path,
    ssh_options,
)

from .docker_over_ssh import SSH_TIMEOUT_SECONDS, dial

PING = b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"
PING_SECONDS = 2
ANSWER_SECONDS = 5  # a manager that does not answer for as long is left to those that hold on to it
CHUNK = 65536  # more than an answer

_held: dict[str, threading.Thread] = {}
_lock = threading.Lock()


def offer(connection: Mapping[str, Any]) -> None:
    """Hold a connection open in the background, one for each cluster; never fails."""
    key = json.dumps(connection, sort_keys=True)
    with _lock:
        if key not in _held or not _held[key].is_alive():
            holder = threading.Thread(target=_hold, args=(Connection.of(connection),), daemon=True)
            _held[key] = holder
            holder.start()


def _hold(connection: Connection) -> None:
    with suppress(OSError, KeyError):  # the latter of a user whom the machine does not know
        path = socket_of(connection)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if _is_served(path):  # by another update or preview of this stack
            return
        path.unlink(missing_ok=True)
        try:
            _ask_until_it_fails(connection, path)
        finally:
            # What goes by it goes on; whoever dials from now on finds a manager that answers.
            path.unlink(missing_ok=True)


def socket_of(connection: Connection) -> Path:
    """The path that ssh makes of the one in its options."""
    return Path(control_path(connection).replace("%d", pwd.getpwuid(os.getuid()).pw_dir))


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as tried:
        try:
            tried.connect(str(path))
        except OSError:
            return False
        return True


def _ask_until_it_fails(connection: Connection, path: Path) -> None:
    """Be the first to use it. It ends with its input: when this process does, however it ends."""
    # ssh takes the first of two values.
    master = ["-o", "ControlMaster=yes", "-o", f"ControlPath={path}", *ssh_options(connection)]
    process = subprocess.Popen(
        dial(master, f"{SSH_USER}@{SSH_HOST}"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # not ended by Ctrl+C, at which an update still does much
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError("both are pipes")
    seconds = SSH_TIMEOUT_SECONDS
    while _answers(process.stdin, process.stdout, seconds):
        seconds = ANSWER_SECONDS
        time.sleep(PING_SECONDS)


def _answers(asked: IO[bytes], answer: IO[bytes], seconds: float) -> bool:
    os.write(asked.fileno(), PING)
    ready = select.poll()  # select itself takes no more than a thousand open files
    ready.register(answer, select.POLLIN)
    return bool(ready.poll(seconds * 1000)) and os.read(answer.fileno(), CHUNK) != b""
