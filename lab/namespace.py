"""Network namespaces: making them, and opening sockets inside them."""

import ctypes
import os
import socket
import subprocess
import threading
from pathlib import Path

CLONE_NEWNET = 0x40000000  # <sched.h>
_libc = ctypes.CDLL(None, use_errno=True)


def ip(*args: str, namespace: str | None = None, check: bool = True) -> str:
    """Run ``ip`` (in a namespace) and return what it prints."""
    argv = ["ip", *(["-n", namespace] if namespace else []), *args]
    result = subprocess.run(argv, text=True, capture_output=True, check=False)
    if check and result.returncode != 0:
        raise OSError(f"{' '.join(argv)}: {result.stderr.strip()}")
    return result.stdout


def path(name: str) -> Path:
    return Path("/run/netns") / name


def enter(name: str) -> list[str]:
    """The start of a command line that runs a command in a network namespace.

    ``nsenter``, not ``ip netns exec``: the latter remounts /sys and loses the cgroups.
    """
    return ["nsenter", f"--net={path(name)}"]


def listening_socket(name: str, address: str, port: int) -> socket.socket:
    """A TCP socket that listens inside a network namespace.

    A socket belongs to the namespace of the thread that opens it, so a thread
    of its own enters the namespace and ends.
    """
    opened: list[socket.socket] = []
    failed: list[OSError] = []

    def open_inside() -> None:
        try:
            descriptor = os.open(path(name), os.O_RDONLY)
            try:
                if _libc.setns(descriptor, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"cannot enter network namespace {name}")
            finally:
                os.close(descriptor)
            opened.append(socket.create_server((address, port), backlog=128))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=open_inside)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return opened[0]
