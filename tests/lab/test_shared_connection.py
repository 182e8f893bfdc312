"""The connection that the plugin holds open for the Docker provider."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi_swarm.plan.connection import SSH_HOST, SSH_USER, Connection
from pulumi_swarm.provider.shared_connection import socket_of
from tests.lab.cloud import LocalCloud, Stack, eventually
from tests.lab.containers import MANAGER
from tests.lab.seen import logins

HOLDS = """
import json, sys, time
from pulumi_swarm.provider import shared_connection
shared_connection.offer(json.loads(sys.argv[1]))
time.sleep(600)
"""


def connection_of(stack: Stack) -> dict[str, Any]:
    """The way to the managers, as the stack's nodes carry it."""
    node = next(r for r in stack.resources() if r["type"] == "swarm:index:Node")
    found: dict[str, Any] = node["inputs"]["connection"]
    return found


@contextmanager
def held(stack: Stack) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A process that holds the stack's connection as the plugin does, and where its socket is."""
    connection = connection_of(stack)
    path = socket_of(Connection.of(connection))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, json.dumps(connection)], env=stack.environment
    )
    try:
        eventually(path.exists, 30, "the connection is held")
        yield holder, path
    finally:
        holder.kill()
        holder.wait()


def asks(options: list[str]) -> bool:
    """Whether Docker answers by the options of the stack's Docker provider."""
    argv = ["ssh", *options, f"{SSH_USER}@{SSH_HOST}", "docker", "info"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def test_connection_is_shared_while_it_is_held_and_gone_with_who_holds_it(
    stack: Stack, swarm: LocalCloud
) -> None:
    options = stack.ssh_options()
    with held(stack) as (holder, path):
        before = logins(swarm)
        assert [asks(options) for _ in range(5)] == [True] * 5
        assert logins(swarm) == before
        holder.kill()
        eventually(lambda: [*path.parent.glob(f"{path.name}*")] == [], 20, "nothing is left")
        assert asks(options)
        assert logins(swarm) == before + 1


def test_update_leaves_nothing_of_it(stack: Stack) -> None:
    path = socket_of(Connection.of(connection_of(stack)))
    stack.refresh()
    eventually(lambda: [*path.parent.glob(f"{path.name}*")] == [], 10, "nothing is left")


def test_manager_that_hangs_under_it_is_passed_over_by_whoever_dials_anew(
    stack: Stack, swarm: LocalCloud
) -> None:
    options = stack.ssh_options()
    with held(stack) as (_, path):
        swarm.on(MANAGER, "pkill", "-STOP", "sshd")
        try:
            eventually(lambda: not path.is_symlink(), 20, "the connection is given up")
            assert asks(options)
        finally:
            swarm.on(MANAGER, "pkill", "-CONT", "sshd")
        eventually(path.exists, 60, "another is held")
        before = logins(swarm)
        assert asks(options)
        assert logins(swarm) == before


def test_two_plugins_at_once_do_not_take_each_other_s_connection_away(
    stack: Stack, swarm: LocalCloud
) -> None:
    options = stack.ssh_options()
    with held(stack) as (_, path):
        first = path.readlink()
        with held(stack):
            before = logins(swarm)
            assert asks(options)
            assert logins(swarm) == before
        assert path.readlink() == first
        assert asks(options)
        assert logins(swarm) == before
