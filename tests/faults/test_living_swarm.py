"""Faults of a swarm that lives: machines and their daemons end, and packets do not pass."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from lab.settings import BUSYBOX_IMAGE
from tests.faults.conftest import Row, Table
from tests.faults.machines import Machines, Site, machines
from tests.lab.cloud import PATIENCE, eventually

KEYS = ("manager-0", "manager-1", "manager-2", "worker-0", "worker-1")
AS_BEFORE = "the same swarm, nodes, networks and services"
NETWORK = ("docker", "network", "create", "--driver", "overlay", "--attachable", "net")
SERVICE = ("docker", "service", "create", "-d", "--name", "job", "--replicas", "3")
WORKERS = ("--constraint", "node.role==worker", "--network", "net", "--stop-grace-period", "1s")


@pytest.fixture(scope="module")
def swarm(site: Site) -> Iterator[Machines]:
    """Three managers and two workers with a network and a service on it."""
    with machines(site, 3, 2) as made:
        for key in KEYS:
            made.boot(key)
        made.settle()
        made.on("manager-0", *NETWORK)
        made.on("manager-0", *SERVICE, *WORKERS, BUSYBOX_IMAGE, "sleep", "3000")
        eventually(lambda: replicas(made) == "3/3", 60, "the service is complete")
        yield made


@contextmanager
def unharmed(swarm: Machines, table: Table, fault: str, holds: str = AS_BEFORE) -> Iterator[Row]:
    """The row of a fault after which the swarm is the same, and so is what is on it."""
    before = known(swarm)
    with table.row(fault, holds=holds) as row:
        yield row
        swarm.settle()
        eventually(lambda: replicas(swarm) == "3/3", 90, "the service is complete")
        assert known(swarm) == before


def replicas(swarm: Machines) -> str:
    for key in KEYS[:3]:
        listed = swarm.on(key, "docker", "service", "ls", "--format", "{{.Replicas}}")
        if listed:
            return listed
    return ""


def known(swarm: Machines) -> tuple[set[str], set[str], set[str]]:
    """The swarm, its nodes and its networks, by id."""
    nodes = swarm.on("manager-0", "docker", "node", "ls", "--format", "{{.ID}}")
    listing = ("docker", "network", "ls", "--no-trunc", "--filter", "scope=swarm")
    networks = swarm.on("manager-0", *listing, "--format", "{{.ID}}")
    return swarm.swarms(), set(nodes.split()), set(networks.split())


def is_active(swarm: Machines, key: str) -> bool:
    return swarm.state(key) == "active"


def is_down(swarm: Machines, key: str, by: str = "manager-0") -> bool:
    return any(name == swarm.host(key) and state == "Down" for name, state, _ in swarm.listed(by))


def test_worker_that_loses_power_while_tasks_run_gets_them_moved_and_comes_back(
    swarm: Machines, table: Table
) -> None:
    with unharmed(swarm, table, "a worker with tasks loses power") as row:
        host = swarm.cloud.hosts()[swarm.host("worker-0")]
        instance = [swarm.instances["worker-0"]]
        os.kill(host["pid"], signal.SIGKILL)
        swarm.cloud.aws("ec2").stop_instances(InstanceIds=instance)
        row.injected()
        eventually(lambda: is_down(swarm, "worker-0"), 60, "it is seen to be down")
        eventually(lambda: replicas(swarm) == "3/3", 60, "its tasks have moved")
        swarm.cloud.aws("ec2").start_instances(InstanceIds=instance)


def test_leader_that_loses_power_is_followed_by_another_and_comes_back(
    swarm: Machines, table: Table
) -> None:
    with unharmed(swarm, table, "the leader loses power") as row:
        roles = {name: role for name, _, role in swarm.listed()}
        leader = next(key for key in KEYS if roles[swarm.host(key)] == "Leader")
        other = next(key for key in KEYS[:3] if key != leader)
        swarm.cut_power(leader)
        row.injected()
        eventually(
            lambda: any(role == "Leader" for _, _, role in swarm.listed(other)), 60, "a leader"
        )
        swarm.settle(other)


def test_managers_that_reboot_all_at_once_are_the_same_swarm_qr_6(
    swarm: Machines, table: Table
) -> None:
    with unharmed(swarm, table, "all managers reboot at once"):
        swarm.cloud.reboot(*(swarm.host(key) for key in KEYS[:3]), seconds=60)


def test_locked_managers_that_reboot_all_at_once_open_themselves_qr_8(
    swarm: Machines, table: Table
) -> None:
    """Unlocking waits for a quorum, which there is when others are open too."""
    with unharmed(swarm, table, "all locked managers reboot at once"):
        swarm.on("manager-0", "docker", "swarm", "update", "--autolock=true")
        key = swarm.on("manager-0", "docker", "swarm", "unlock-key", "-q")
        where = {"SecretId": swarm.ids["unlock_key"]}
        swarm.cloud.aws("secretsmanager").put_secret_value(**where, SecretString=key)
        swarm.cloud.reboot(*(swarm.host(key) for key in KEYS[:3]), seconds=60)
        swarm.settle()
        for manager in KEYS[:3]:
            swarm.has_said(manager, "unlocked the swarm")
            assert key not in swarm.said(manager)
        swarm.on("manager-0", "docker", "swarm", "update", "--autolock=false")


def test_every_machine_that_reboots_at_once_is_the_same_node(swarm: Machines, table: Table) -> None:
    with unharmed(swarm, table, "every machine reboots at once"):
        swarm.cloud.reboot(*(swarm.host(key) for key in KEYS), seconds=60)


def test_swarm_that_is_partitioned_into_single_machines_is_one_again(
    swarm: Machines, table: Table
) -> None:
    with unharmed(swarm, table, "nothing passes between any two machines for 30 s") as row:
        with swarm.closed():
            time.sleep(30)
            assert swarm.listed() == []  # no quorum, so no answer
        row.injected()


def test_worker_that_is_cut_off_is_down_and_comes_back(swarm: Machines, table: Table) -> None:
    with unharmed(swarm, table, "a worker is cut off") as row:
        for chain in ("INPUT", "OUTPUT"):
            swarm.on("worker-1", "iptables", "--insert", chain, "--jump", "DROP")
        eventually(lambda: is_down(swarm, "worker-1"), 60, "it is seen to be down")
        for chain in ("INPUT", "OUTPUT"):
            swarm.on("worker-1", "iptables", "--delete", chain, "--jump", "DROP")
        row.injected()


def test_dockerd_that_is_killed_on_every_machine_in_turn_is_back_by_itself(
    swarm: Machines, table: Table
) -> None:
    with unharmed(swarm, table, "dockerd is killed on every machine in turn"):
        for key in KEYS:
            swarm.on(key, "systemctl", "kill", "--signal=KILL", "docker")
            eventually(partial(is_active, swarm, key), 60, f"{key} is back")


def test_dockerd_that_is_killed_over_and_over_is_not_given_up(
    swarm: Machines, table: Table
) -> None:
    """systemd gives Docker's own unit up after three starts in a minute."""
    with unharmed(swarm, table, "dockerd of a worker is killed four times in a minute") as row:
        began = time.monotonic()
        for _ in range(4):
            swarm.on("worker-0", "systemctl", "kill", "--signal=KILL", "docker")
            eventually(lambda: swarm.state("worker-0") == "active", 30, "it is back")
        row.injected()
        assert time.monotonic() - began < 60 * PATIENCE


def test_machine_with_the_name_of_another_is_another_node_jn_13(
    swarm: Machines, table: Table
) -> None:
    """Both are listed, by ids of their own; neither takes the other's place."""
    with unharmed(swarm, table, "a second machine comes under a worker's name", "two nodes"):
        swarm.instances["kept"] = swarm.instances.pop("worker-0")
        swarm.boot("worker-0")
        try:
            eventually(
                lambda: [name for name, _, _ in swarm.listed()].count(swarm.host("worker-0")) == 2,
                90,
                "both are listed",
            )
            assert all(state == "Ready" for _, state, _ in swarm.listed())
        finally:
            address = swarm.address("worker-0")
            swarm.terminate("worker-0")
            swarm.instances["worker-0"] = swarm.instances.pop("kept")
        _forget(swarm, address)


def test_machine_under_the_name_of_one_that_was_taken_out_joins_once_jn_13(
    swarm: Machines, table: Table
) -> None:
    with table.row("the host name of a node that was taken out comes back", holds="once") as row:
        address = swarm.address("worker-1")
        swarm.terminate("worker-1")
        _forget(swarm, address)
        others = swarm.node_ids()
        swarm.boot("worker-1")
        row.injected()
        swarm.settle()  # nobody else is listed
        assert len(swarm.node_ids() - others) == 1
        eventually(lambda: replicas(swarm) == "3/3", 90, "the service is complete")


def _forget(swarm: Machines, address: str) -> None:
    """Take the node at an address off the list, as Node does when its machine goes."""
    template = "{{.Status.Addr}} {{.ID}}"
    ids = swarm.on("manager-0", "docker", "node", "ls", "--quiet").split()
    shown = swarm.on("manager-0", "docker", "node", "inspect", "--format", template, *ids)
    found = dict(line.split() for line in shown.splitlines())
    swarm.on("manager-0", "docker", "node", "rm", "--force", found[address])
