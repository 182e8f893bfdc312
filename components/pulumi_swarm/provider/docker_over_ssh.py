"""The Docker SDK over ``ssh ... docker system dial-stdio``, with ssh options of our own.

The SDK's own ssh transport wants paramiko and takes no options, so it could
neither pin a host key nor go through a proxy.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from typing import Any

import docker
from docker.constants import DEFAULT_DOCKER_API_VERSION
from docker.transport.unixconn import (
    UnixHTTPAdapter,
    UnixHTTPConnection,
    UnixHTTPConnectionPool,
)

OLDEST_API = "1.41"  # of Docker 20.10, the oldest engine that any supported system ships
SSH_TIMEOUT_SECONDS = 30
SSH_EXIT_SECONDS = 2


class _Connection(UnixHTTPConnection):
    """A connection whose other end is a run of ``argv``."""

    argv: Sequence[str] = ()
    said: list[str]
    _process: "subprocess.Popen[bytes] | None" = None

    def connect(self) -> None:
        self.sock, self._process = start(self.argv, stderr=subprocess.PIPE)
        self.sock.settimeout(self.timeout)

    def close(self) -> None:
        super().close()
        process, self._process = self._process, None
        if process is not None:
            try:
                process.wait(SSH_EXIT_SECONDS)  # it ends at the end of its input
            except subprocess.TimeoutExpired:
                # With its proxy, which would hold standard error open for as long as it hangs.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.stderr is not None:
                with process.stderr as stream:
                    self.said[:] = stream.read().decode(errors="replace").split("\n")[-2:-1]


class _Pool(UnixHTTPConnectionPool):
    argv: Sequence[str] = ()
    said: list[str]

    def _new_conn(self) -> Any:
        connection = _Connection(self.base_url, self.socket_path, SSH_TIMEOUT_SECONDS)
        connection.argv = self.argv
        connection.said = self.said
        return connection


class _Adapter(UnixHTTPAdapter):
    def __init__(self, argv: Sequence[str], said: list[str]) -> None:
        super().__init__("http+unix:///unused", SSH_TIMEOUT_SECONDS)
        self._argv = argv
        self._said = said

    def get_connection(self, url: Any, proxies: Any = None) -> _Pool:  # noqa: ARG002  # as its base
        with self.pools.lock:
            pool: _Pool | None = self.pools.get("ssh")
            if pool is None:
                pool = _Pool(url, self.socket_path, self.timeout, maxsize=self.max_pool_size)
                pool.argv = self._argv
                pool.said = self._said
                self.pools["ssh"] = pool
            return pool


class _Client(docker.APIClient):
    """A client that agrees with the daemon on a version of the API when it is first asked.

    One version for all would be refused by some: engine 29.0 takes none below 1.44, 20.10 none
    above 1.41. The SDK's own way asks when it is made, which is before there is a way to ask by.
    """

    _has_agreed = False

    def _set_request_timeout(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Also where the SDK would wait for ever, as for events."""
        return {**kwargs, "timeout": kwargs.get("timeout") or self.timeout}

    def _url(self, pathfmt: str, *args: Any, **kwargs: Any) -> str:
        if kwargs.get("versioned_api", True) and not self._has_agreed:
            served = str(self.version(api_version=False)["ApiVersion"])
            self._version = min(served, DEFAULT_DOCKER_API_VERSION, key=_ordered)
            self._has_agreed = True
        return str(super()._url(pathfmt, *args, **kwargs))  # type: ignore[misc]  # not in its types


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def dial(options: Sequence[str], destination: str) -> list[str]:
    """The ``argv`` of a way to Docker on a host."""
    return ["ssh", *options, destination, "docker", "system", "dial-stdio"]


def start(argv: Sequence[str], *, stderr: int) -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    """Run a way, in a session of its own, with a socket at its standard input and output.

    A real socket, not pipes: timeouts and half-closing then work as the SDK expects.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        end = theirs.fileno()
        process = subprocess.Popen(
            argv, stdin=end, stdout=end, stderr=stderr, start_new_session=True
        )
    return ours, process


def connect(argv: Sequence[str], said: list[str]) -> Any:
    """A ``docker.APIClient`` whose every connection is one run of ``argv``.

    ``said`` holds the last line that a run which ended left on standard error.
    """
    client = _Client(base_url="unix:///unused", version=OLDEST_API, timeout=SSH_TIMEOUT_SECONDS)
    adapter = _Adapter(argv, said)
    setattr(client, "_custom_adapter", adapter)  # noqa: B010  # the SDK looks for it there
    client.mount("http+docker://", adapter)
    return client
