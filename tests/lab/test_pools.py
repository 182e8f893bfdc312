"""Pools that size themselves: machines that come and go without Pulumi, and no phantom of them."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.cloud import TAKEN_BACK_TAG
from tests.lab.cloud import LocalCloud, No, Stack, eventually
from tests.lab.containers import MANAGER, inspect, service, task_container

POOL = {"name": "web", "min_size": 2, "max_size": 4, "labels": {"disk": "fast"}}
GROUP = "swarm/local/swarm-web"
JOINED_SECONDS = 120  # a machine here joins in ten seconds; a busy computer takes longer
# An engine's labels reach managers in 20 s, the leader looks every 30 s, and time to notice.
DRAINED_SECONDS = 20 + 30 + 60
LEADER = '{{if eq .ManagerStatus "Leader"}}{{.ID}}{{end}}'
HEARD_SIGTERM = 128 + signal.SIGTERM  # what sleep ends with under an init, unless it is killed
REAPED_SECONDS = 45 + 30 + 60  # reapAfterSeconds of the tests, the timer, and time to notice


@pytest.fixture(scope="module")
def with_pool(first_run: Any) -> Iterator[Stack]:
    stack: Stack = first_run.stack
    stack.configure(workerPools=[POOL])
    stack.up()
    yield stack
    stack.configure()
    stack.up()
    eventually(lambda: nodes(first_run.cloud) == {}, REAPED_SECONDS, "no node of the pool is left")
    assert machines(first_run.cloud) == {}


def nodes(cloud: LocalCloud) -> dict[str, str]:
    """The pool's nodes as a manager lists them: {address: state}."""
    ids = cloud.on(MANAGER, "docker", "node", "ls", "--quiet").split()
    # One may be taken off the list between the two commands; the others are shown all the same.
    shown = cloud.lab("exec", MANAGER, "--", "docker", "node", "inspect", *ids, check=False).stdout
    found = json.loads(shown)
    return {
        node["Status"]["Addr"]: node["Status"]["State"]
        for node in found
        if "swarm.pool=web" in labels(node)
    }


def labels(node: Any) -> list[str]:
    engine = node["Description"]["Engine"].get("Labels") or {}
    return [f"{key}={value}" for key, value in engine.items()]


def machines(cloud: LocalCloud) -> dict[str, dict[str, Any]]:
    """The pool's hosts: {address: host}."""
    return {
        host["address"]: host
        for name, host in cloud.hosts().items()
        if name.startswith("swarm-web-i-")
    }


def are_the_machines(cloud: LocalCloud, count: int) -> bool | No:
    """Whether the pool's nodes are Ready, as many as asked for, and one for each machine."""
    listed, present = nodes(cloud), machines(cloud)
    return (
        len(listed) == count
        and set(listed.values()) == {"ready"}
        and listed.keys() == present.keys()
    ) or No(f"nodes {listed}, machines {[(a, h['state']) for a, h in present.items()]}")


def set_size(cloud: LocalCloud, count: int) -> None:
    client = cloud.aws("autoscaling")
    client.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=count)


def test_machines_of_a_pool_join_by_themselves_and_the_stack_is_quiet_ud_3(
    with_pool: Stack, swarm: LocalCloud
) -> None:
    eventually(lambda: are_the_machines(swarm, 2), JOINED_SECONDS, "both have joined")
    assert with_pool.preview() == {}
    with_pool.refresh()
    assert with_pool.preview() == {}
    assert with_pool.outputs()["autoscaling_groups"] == {"web": GROUP}


@pytest.mark.usefixtures("with_pool")
def test_service_is_placed_by_the_label_of_the_pool(swarm: LocalCloud) -> None:
    place = ("--constraint", "engine.labels.swarm.pool==web", "--constraint")
    with service(swarm, "placed", "--replicas", "2", *place, "engine.labels.disk==fast"):
        running = [name for name in swarm.hosts() if task_container(swarm, name, "placed")]
    assert running
    assert all(name.startswith("swarm-web-i-") for name in running)


def test_pool_grows_and_shrinks_without_pulumi_and_machines_leave_before_their_end_qr_4(
    with_pool: Stack, swarm: LocalCloud
) -> None:
    set_size(swarm, 4)
    eventually(lambda: are_the_machines(swarm, 4), JOINED_SECONDS, "all four have joined")
    assert with_pool.preview() == {}
    everyone = set(machines(swarm))
    in_the_pool = ("--mode", "global", "--constraint", "engine.labels.swarm.pool==web")
    with service(swarm, "everywhere", "--init", *in_the_pool):
        set_size(swarm, 3)
        # It says goodbye while its machine still runs.
        eventually(lambda: "down" in nodes(swarm).values(), DRAINED_SECONDS, "one has left")
        (gone,) = (address for address, state in nodes(swarm).items() if state == "down")
        assert ended_tasks(swarm, "everywhere", gone) == {("shutdown", HEARD_SIGTERM)}
    eventually(lambda: len(machines(swarm)) == 3, 60, "its machine has ended")
    assert everyone - set(machines(swarm)) == {gone}
    eventually(lambda: are_the_machines(swarm, 3), REAPED_SECONDS, "managers have taken it off")
    assert taken_off(swarm) == 1


@pytest.mark.usefixtures("with_pool")
def test_spot_machine_that_is_taken_back_moves_its_tasks_and_leaves_before_its_end_qr_12(
    swarm: LocalCloud,
) -> None:
    """Two minutes before the end EC2 says so in the metadata, and nobody tells the group."""
    address, host = next(iter(machines(swarm).items()))
    in_the_pool = ("--mode", "global", "--constraint", "engine.labels.swarm.pool==web")
    with service(swarm, "everywhere", "--init", *in_the_pool):
        said_by_ec2 = [{"Key": TAKEN_BACK_TAG, "Value": "2026-11-26T12:00:00Z"}]
        swarm.aws("ec2").create_tags(Resources=[host["instance"]], Tags=said_by_ec2)
        eventually(lambda: nodes(swarm).get(address) == "down", DRAINED_SECONDS, "it has left")
        assert ended_tasks(swarm, "everywhere", address) == {("shutdown", HEARD_SIGTERM)}
        assert address in machines(swarm)
    os.kill(host["pid"], signal.SIGKILL)
    eventually(lambda: are_the_machines(swarm, 3), REAPED_SECONDS + JOINED_SECONDS, "another came")


def ended_tasks(cloud: LocalCloud, name: str, address: str) -> set[tuple[str, int]]:
    """How the tasks of a service ended on a machine, as its manager heard of it in time."""
    on_it = f"node={node_name(address)}"
    listed = cloud.on(MANAGER, "docker", "service", "ps", "-q", "--filter", on_it, name)
    tasks = [inspect(cloud, MANAGER, task)["Status"] for task in listed.split()]
    return {(task["State"], task["ContainerStatus"].get("ExitCode", 0)) for task in tasks}


def node_name(address: str) -> str:
    return "ip-" + address.replace(".", "-")


def said(cloud: LocalCloud, host: str) -> str:
    return cloud.on(host, "journalctl", "-u", "swarm-upkeep", "-o", "cat", "--no-pager")


def taken_off(cloud: LocalCloud) -> int:
    """How often a manager has taken a machine of the pool off the list."""
    managers = ("swarm-manager-0", "swarm-manager-1", "swarm-manager-2")
    return sum(said(cloud, name).count('of pool "web" off the list') for name in managers)


@pytest.mark.usefixtures("with_pool")
def test_machine_that_ends_without_a_word_is_taken_off_the_list_exactly_once(
    swarm: LocalCloud,
) -> None:
    before = taken_off(swarm)
    address, host = next(iter(machines(swarm).items()))
    os.kill(host["pid"], signal.SIGKILL)
    eventually(lambda: nodes(swarm).get(address) == "down", 60, "it is seen to be down")
    eventually(lambda: address not in nodes(swarm), REAPED_SECONDS, "managers have taken it off")
    eventually(lambda: len(nodes(swarm)) == 3, JOINED_SECONDS, "another has joined for it")
    assert taken_off(swarm) - before == 1


@pytest.mark.usefixtures("with_pool")
def test_machine_that_was_taken_out_of_the_swarm_ends_itself_and_another_comes(
    swarm: LocalCloud,
) -> None:
    """Its agent speaks with a manager that does not lead: Docker itself would never notice."""
    address = eventually(lambda: speaks_with_a_follower(swarm), 120, "one speaks with a follower")
    swarm.on(MANAGER, "docker", "node", "rm", "--force", node_name(address))
    # It looks once a minute, and acts at the second look.
    eventually(lambda: are_the_machines(swarm, 3), 150 + JOINED_SECONDS, "another has joined")
    assert address not in nodes(swarm)


def speaks_with_a_follower(cloud: LocalCloud) -> str | None:
    """The address of such a machine; if none does yet, the leader goes away for a moment."""
    names = {host["address"]: name for name, host in cloud.hosts().items()}
    leader = leading(cloud)
    for address, state in nodes(cloud).items():
        if state == "ready" and manager_of(cloud, names[address]) != leader:
            return address
    cloud.on(names[leader], "systemctl", "restart", "docker")
    eventually(lambda: cloud.succeeds(MANAGER, "docker", "node", "ls"), 60, "another leads")
    eventually(lambda: set(nodes(cloud).values()) == {"ready"}, 60, "all are Ready")
    return None


def leading(cloud: LocalCloud) -> str:
    (node,) = cloud.on(MANAGER, "docker", "node", "ls", "--format", LEADER).split()
    return str(inspect(cloud, MANAGER, node)["ManagerStatus"]["Addr"]).removesuffix(":2377")


def manager_of(cloud: LocalCloud, host: str) -> str:
    """The manager that a worker's agent has chosen for its session."""
    journal = cloud.on(host, "journalctl", "-u", "docker", "-o", "cat", "--no-pager")
    chosen = re.findall(r"manager selected by agent for new session: .*?([0-9.]+):2377", journal)
    return str(chosen[-1])


def test_raised_generation_replaces_the_machines_of_a_pool_qr_11(
    with_pool: Stack, swarm: LocalCloud
) -> None:
    set_size(swarm, 2)
    eventually(lambda: list(nodes(swarm).values()).count("ready") == 2, 90, "two are left")
    before = {a for a, state in nodes(swarm).items() if state == "ready"}
    with_pool.configure(workerPools=[{**POOL, "generation": 2}])
    assert with_pool.preview() == {
        ("aws:ec2/launchTemplate:LaunchTemplate", "swarm-web"): "replace",
        ("aws:autoscaling/group:Group", "swarm-web"): "update",
    }
    with_pool.up()
    time.sleep(1)
    eventually(
        lambda: are_the_machines(swarm, 2), REAPED_SECONDS, "two others are there, and nobody else"
    )
    assert not before & nodes(swarm).keys()
    assert with_pool.preview() == {}
