"""Faults while Pulumi works: it is killed, doubled, or loses the managers it speaks to."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.settings import BUSYBOX_IMAGE
from tests.faults.conftest import Row, Table
from tests.lab.cloud import LocalCloud, Stack, eventually, running_cloud, slow_boot
from tests.lab.containers import MANAGER, networks, ready
from tests.lab.leaks import leaks
from tests.lab.remains import remains

MANAGERS = 3
EVERYONE = [*(f"swarm-manager-{i}" for i in range(MANAGERS)), "swarm-worker-0", "swarm-worker-1"]
AS_DECLARED = "as declared, nobody twice"


@pytest.fixture(scope="module")
def updated_cloud() -> Iterator[LocalCloud]:
    with running_cloud("swarm-test-updates", 5106) as made:
        yield made


@pytest.fixture(scope="module")
def stack(updated_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return Stack(tmp_path_factory.mktemp("stack"), updated_cloud)


def begin(stack: Stack, *command: str) -> "subprocess.Popen[str]":
    """Start pulumi in a process group of its own, its output in a pipe."""
    flags = ("--stack", stack.name, "--yes", "--skip-preview", "--non-interactive", "--color=never")
    return subprocess.Popen(
        ["pulumi", *command, *flags],
        cwd=stack.folder,
        env=stack.environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def end_at(
    process: "subprocess.Popen[str]", text: str, signalled: int, row: Row | None = None
) -> str:
    """Signal pulumi once it says ``text``; returns all that it said until its end."""
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if text in line:
                # Plugins are in groups of their own: what they were asked for, they finish.
                os.kill(process.pid, signalled)
                if row is not None:
                    row.injected()
                rest, _ = process.communicate(timeout=120)
                return said + rest
        process.wait()
        raise AssertionError(f"it never came by {text!r}: {said}")
    finally:
        if process.poll() is None:  # or it would hold the lock of the tests that follow
            os.killpg(process.pid, signal.SIGKILL)


def as_declared(stack: Stack, cloud: LocalCloud) -> None:
    eventually(lambda: sorted(ready(cloud)) == EVERYONE, 60, "all are ready")
    listing = ("docker", "node", "ls", "--format", "{{.ID}} {{.ManagerStatus}}")

    def listed() -> list[str]:
        return cloud.on(MANAGER, *listing).splitlines()

    def reachable() -> int:
        return sum(row.endswith((" Leader", " Reachable")) for row in listed())

    assert len(listed()) == len(EVERYONE)  # nor anybody without a name
    eventually(lambda: reachable() == MANAGERS, 60, "managers reach each other")
    declared = {network["name"] for network in stack.base("networks")}
    overlays = {
        name for name, (driver, _) in networks(cloud, MANAGER).items() if driver == "overlay"
    }
    assert overlays == {"ingress", *declared}
    assert sorted(cloud.hosts()) == EVERYONE
    assert stack.preview() == {}
    assert leaks(cloud, stack) == []


# What comes first is made in any order, and the managers side by side.
ANYTHING = " created ("
POINTS = [
    *(f"thing {i}" for i in range(1, 5)),
    "Instance swarm-manager-0 creating",
    "Node swarm-manager-0 creating",
    "Node swarm-manager-0 updated",  # it was waited for when the update before was ended
    "SwarmSpec swarm creating",
]
# Before sshd and the bootstrap: a machine which one update starts has not joined when the next one
# looks for it, and no client waits for as long by itself.
SLOW_BOOT_SECONDS = 45
# Of a swarm that is there, while this machine is replaced or this network comes or goes.
LATER = {"name": "later"}
POINTS_OF_A_CHANGE = {
    "Node swarm-worker-1 deleting": "worker-1",
    "Instance swarm-worker-1 deleting": "worker-1",
    "Instance swarm-worker-1 creating": "worker-1",
    "Node swarm-worker-1 creating": "worker-1",
    "Node swarm-manager-2 deleting": "manager-2",
    "Instance swarm-manager-2 creating": "manager-2",
    "Node swarm-manager-2 creating": "manager-2",
    # The component is called so too, and makes nothing itself.
    "docker:index:Network swarm-later creating": "a network more",
    "docker:index:Network swarm-later deleting": "a network less",
}


def end_in_order(stack: Stack, row: Row, text: str) -> None:
    """By SIGTERM, which is what a CI system sends first, and a shutdown."""
    end_at(begin(stack, "up"), text, signal.SIGTERM, row)
    # In order: nothing is left of which Pulumi does not know whether it was made.
    assert not json.loads(stack.export())["deployment"].get("pending_operations")


@pytest.mark.parametrize("point", POINTS)
def test_first_update_that_is_ended_goes_on_with_the_next(
    stack: Stack, updated_cloud: LocalCloud, table: Table, point: str
) -> None:
    """The next is ended in its turn, at a later point; the one after the last gets it done."""
    stack.configure(userDataParts=slow_boot(SLOW_BOOT_SECONDS))
    held = "it ends in order, and the next goes on"
    with table.row(f"the first pulumi up is ended at '{point}'", holds=held) as row:
        end_in_order(stack, row, ANYTHING if point.startswith("thing") else point)
        if point == POINTS[-1]:
            stack.configure()
            stack.up()
            as_declared(stack, updated_cloud)


@pytest.mark.parametrize("point", POINTS_OF_A_CHANGE)
def test_update_that_is_ended_is_done_by_the_next(
    stack: Stack, updated_cloud: LocalCloud, table: Table, point: str
) -> None:
    match POINTS_OF_A_CHANGE[point]:
        case "a network more":
            stack.keep(networks=[*stack.base("networks"), LATER])
        case "a network less":
            stack.keep(networks=[n for n in stack.base("networks") if n != LATER])
        case key:
            stack.keep(nodeGenerations=stack.raised(key))
    with table.row(f"pulumi up is ended at '{point}'", holds=AS_DECLARED) as row:
        end_in_order(stack, row, point)
        stack.up()
        as_declared(stack, updated_cloud)


def test_update_that_is_killed_while_it_waits_for_a_node_goes_on_with_the_next(
    stack: Stack, updated_cloud: LocalCloud, table: Table
) -> None:
    with table.row("pulumi up is killed while it waits for a node", holds=AS_DECLARED) as row:
        stack.keep(nodeGenerations=stack.raised("worker-1"))
        end_at(begin(stack, "up"), "Node swarm-worker-1 creating", signal.SIGKILL)
        row.injected()
        locked = stack.attempt("up")
        assert "pulumi cancel" in locked.stdout + locked.stderr
        stack.pulumi("cancel", "--stack", stack.name, "--yes")
        stack.up()
        as_declared(stack, updated_cloud)


@pytest.mark.parametrize(
    "point", ["Instance swarm-worker-1 creating", "docker:index:Network swarm-later creating"]
)
def test_update_that_is_killed_while_it_makes_something_is_put_right_as_documented(
    stack: Stack, updated_cloud: LocalCloud, table: Table, point: str
) -> None:
    """docs/day-two.md, "An update that was killed": whatever was made meanwhile is in no state."""
    if "Instance" in point:
        stack.keep(nodeGenerations=stack.raised("worker-1"))
    else:
        stack.keep(networks=[*stack.base("networks"), LATER])
    with table.row(f"pulumi up is killed at '{point}'", holds=AS_DECLARED) as row:
        end_at(begin(stack, "up"), point, signal.SIGKILL)
        time.sleep(5)  # its plugins finish
        row.injected()
        stack.pulumi("cancel", "--stack", stack.name, "--yes")
        if LATER["name"] in networks(updated_cloud, MANAGER):
            updated_cloud.on(MANAGER, "docker", "network", "rm", LATER["name"])
        stack.up()
        end_what_no_state_knows(stack, updated_cloud)
        as_declared(stack, updated_cloud)
    stack.keep(networks=[n for n in stack.base("networks") if n != LATER])
    stack.up()


def end_what_no_state_knows(stack: Stack, cloud: LocalCloud) -> None:
    """A machine of the stack's that is not in its state, and its node."""
    known = stack.export()
    filters = [
        {"Name": "tag:pulumi:stack", "Values": [stack.name]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    found = cloud.aws("ec2").describe_instances(Filters=filters)["Reservations"]
    machines = [machine for reservation in found for machine in reservation["Instances"]]
    forgotten = [m for m in machines if m["InstanceId"] not in known]
    if not forgotten:
        return
    ids = [machine["InstanceId"] for machine in forgotten]
    cloud.aws("ec2").terminate_instances(InstanceIds=ids)
    for machine in forgotten:
        take_off(cloud, machine["PrivateIpAddress"])


def take_off(cloud: LocalCloud, address: str) -> None:
    """Take the node at an address off the list, once it is there and Down."""
    template = "{{.Status.Addr}} {{.Status.State}} {{.ID}}"

    def down() -> str:
        ids = cloud.on(MANAGER, "docker", "node", "ls", "--quiet").split()
        shown = cloud.on(MANAGER, "docker", "node", "inspect", "--format", template, *ids)
        rows = [row.split() for row in shown.splitlines()]
        return next((row[2] for row in rows if row[:2] == [address, "down"]), "")

    cloud.on(MANAGER, "docker", "node", "rm", eventually(down, 90, "its node is Down"))


def test_second_update_at_the_same_time_is_refused(
    stack: Stack, updated_cloud: LocalCloud, table: Table
) -> None:
    with table.row("two updates at once", holds="the second is refused, the first goes on"):
        stack.configure(workerGeneration=2)
        first = begin(stack, "up")
        time.sleep(5)
        second = stack.attempt("up")
        assert second.returncode != 0
        assert "the stack is currently locked" in second.stdout + second.stderr
        said, _ = first.communicate(timeout=240)
        assert first.returncode == 0, said
        stack.keep(workerGeneration=2)
        as_declared(stack, updated_cloud)


@contextmanager
def dockerd_dying(cloud: LocalCloud, names: list[str], every_seconds: float) -> Iterator[None]:
    """Kill dockerd again and again; that ends by itself, should nobody end it."""
    times = int(150 / every_seconds)
    again = (
        f"for _ in $(seq {times}); do systemctl kill -s KILL docker; sleep {every_seconds}; done"
    )
    for name in names:
        cloud.on(name, "systemd-run", "--quiet", "--unit=killer", "sh", "-c", again)
    try:
        yield
    finally:
        for name in names:
            cloud.on(name, "systemctl", "stop", "killer", check=False)


def starts(cloud: LocalCloud, name: str) -> int:
    """How often systemd has started dockerd of a host anew."""
    return int(cloud.on(name, "systemctl", "show", "docker", "--property=NRestarts", "--value"))


# Before it answers at all; and when it does, which may be without its swarm's networks at first.
@pytest.mark.parametrize("every_seconds", [0.3, 4], ids=["at-once", "now-and-then"])
def test_refresh_forgets_nothing_while_dockerd_is_killed_kd_6(
    stack: Stack, updated_cloud: LocalCloud, table: Table, every_seconds: float
) -> None:
    fault = f"dockerd of every manager is killed every {every_seconds} s during refresh"
    with table.row(fault, holds=AS_DECLARED) as row:
        before = {r["urn"] for r in stack.resources()}
        started = starts(updated_cloud, MANAGER)
        with dockerd_dying(updated_cloud, EVERYONE[:MANAGERS], every_seconds):
            refreshed = stack.attempt("refresh")
            assert starts(updated_cloud, MANAGER) - started > 0
        row.injected()
        if every_seconds < 1:
            assert refreshed.returncode != 0, refreshed.stdout  # nobody could have answered
        assert {r["urn"] for r in stack.resources()} == before
        eventually(lambda: sorted(ready(updated_cloud)) == EVERYONE, 90, "all are ready")
        stack.refresh()
        as_declared(stack, updated_cloud)


def test_update_goes_on_while_dockerd_of_one_manager_is_killed(
    stack: Stack, updated_cloud: LocalCloud, table: Table
) -> None:
    fault = "dockerd of the first manager is killed again and again during up"
    with table.row(fault, holds=AS_DECLARED) as row:
        stack.keep(workerGeneration=3)
        before = starts(updated_cloud, MANAGER)
        with dockerd_dying(updated_cloud, [MANAGER], 1):
            stack.up()
        row.injected()
        assert starts(updated_cloud, MANAGER) - before > 5
        eventually(lambda: sorted(ready(updated_cloud)) == EVERYONE, 90, "all are ready")
        as_declared(stack, updated_cloud)


def test_ssh_that_drops_every_third_connection_is_borne(
    stack: Stack, updated_cloud: LocalCloud, table: Table, tmp_path: Path
) -> None:
    """By the proxy command: it counts, and every third connection ends before it begins."""
    with table.row("every third ssh connection is dropped", holds=AS_DECLARED):
        counter = tmp_path / "counter"
        proxy = tmp_path / "proxy"
        proxy.write_text(
            "#!/bin/sh\n"
            f"echo >>{counter}; [ $(($(wc -l <{counter}) % 3)) -ne 0 ] || exit 1\n"
            f'exec {stack.base("sshProxyCommand")} "$@"\n',
            encoding="utf-8",
        )
        proxy.chmod(0o755)
        stack.configure(sshProxyCommand=str(proxy), workerGeneration=4)
        stack.up()
        assert int(subprocess.check_output(["wc", "-l", counter], text=True).split()[0]) > 6
        stack.keep(workerGeneration=4)
        stack.up()
        as_declared(stack, updated_cloud)


@pytest.mark.timeout(900)
def test_swarm_that_is_half_dead_is_destroyed_and_leaves_nothing_pd_11(
    stack: Stack, updated_cloud: LocalCloud, table: Table
) -> None:
    pool = {"name": "web", "min_size": 1, "max_size": 2}
    stack.configure(workerPools=[pool])
    stack.up()
    eventually(lambda: len(ready(updated_cloud)) == len(EVERYONE) + 1, 120, "the pool has joined")
    in_the_pool = ("--mode", "global", "--constraint", "engine.labels.swarm.pool==web")
    create = ("docker", "service", "create", "--detach=false", "--quiet", *in_the_pool)
    updated_cloud.on(MANAGER, *create, BUSYBOX_IMAGE, "sleep", "3000")
    stack.configure()
    held = "it ends, nothing is left"
    with table.row("destroy with a pool, and no manager that answers", holds=held):
        hosts = updated_cloud.hosts()
        ids = [hosts[name]["instance"] for name in EVERYONE[:3]]
        updated_cloud.aws("ec2").terminate_instances(InstanceIds=ids[:2])
        updated_cloud.aws("ec2").stop_instances(InstanceIds=ids[2:])
        # The machine of the pool waits for managers to move its task, and then goes without.
        stack.pulumi("destroy", "--stack", stack.name, "--yes", "--skip-preview", seconds=500)
        nothing_is_left(stack, updated_cloud)


def test_swarm_that_was_never_finished_is_destroyed_and_leaves_nothing(
    stack: Stack, updated_cloud: LocalCloud, table: Table
) -> None:
    with table.row("destroy of a half-made swarm", holds="it ends, nothing is left"):
        end_at(begin(stack, "up"), "Node swarm-manager-0 creating", signal.SIGTERM)
        stack.destroy()
        nothing_is_left(stack, updated_cloud)


def test_first_update_waits_for_docker_and_sshd_that_start_late_pd_3_pd_4_ud_6(
    stack: Stack, updated_cloud: LocalCloud, table: Table
) -> None:
    with table.row("Docker and sshd start late on new machines", holds="the first update waits"):
        stack.configure(
            managerCount=1,
            workerCount=1,
            nodeGenerations=None,
            userDataParts=slow_boot(SLOW_BOOT_SECONDS),
        )
        began = time.monotonic()
        stack.up()
        assert time.monotonic() - began > SLOW_BOOT_SECONDS
        assert sorted(ready(updated_cloud)) == [MANAGER, "swarm-worker-0"]
        assert stack.preview() == {}
        stack.destroy()
        nothing_is_left(stack, updated_cloud)


def test_only_manager_lost_with_its_disk_is_destroyed_and_made_again_qr_3(
    stack: Stack, updated_cloud: LocalCloud, table: Table
) -> None:
    with table.row("the only manager is lost with its disk", holds="a new swarm, when asked"):
        stack.configure(managerCount=1, workerCount=1, nodeGenerations=None)
        stack.up()
        lost = updated_cloud.hosts()[MANAGER]["instance"]
        updated_cloud.aws("ec2").terminate_instances(InstanceIds=[lost])
        eventually(lambda: MANAGER not in updated_cloud.hosts(), 30, "it is gone")
        refused = stack.attempt("refresh")
        assert "no manager of the swarm answers" in refused.stdout + refused.stderr
        stack.destroy()
        nothing_is_left(stack, updated_cloud)
        stack.up()
        assert sorted(ready(updated_cloud)) == [MANAGER, "swarm-worker-0"]
        stack.destroy()
        nothing_is_left(stack, updated_cloud)


def nothing_is_left(stack: Stack, cloud: LocalCloud) -> None:
    assert [r["type"] for r in stack.resources() if r["type"] != "pulumi:pulumi:Stack"] == []
    eventually(lambda: not remains(cloud), 30, "nothing is left")
    assert remains(cloud) == []
