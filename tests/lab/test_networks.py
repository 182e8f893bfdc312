"""The subject matter: which networks a host has, who may join them, what crosses them."""

import json
from pathlib import Path

import pytest

from tests.lab.capture import vxlan_packets
from tests.lab.cloud import LocalCloud, Stack, eventually
from tests.lab.containers import (
    MANAGER,
    container,
    inspect,
    networks,
    pings,
    service,
    task_container,
    vni,
)

WORKERS = ("swarm-worker-0", "swarm-worker-1")
ALL = ("swarm-manager-0", "swarm-manager-1", "swarm-manager-2", *WORKERS)


@pytest.mark.parametrize("host", ALL)
def test_every_host_has_ingress_and_docker_gwbridge(swarm: LocalCloud, host: str) -> None:
    listed = networks(swarm, host)
    assert listed["ingress"] == ("overlay", "swarm")
    assert listed["docker_gwbridge"] == ("bridge", "local")


def test_service_that_publishes_a_port_sits_on_ingress(swarm: LocalCloud) -> None:
    ingress = inspect(swarm, MANAGER, "ingress")["Id"]
    with service(swarm, "web", "--publish", "8080:80"):
        found = inspect(swarm, MANAGER, "web")
        assert [vip["NetworkID"] for vip in found["Endpoint"]["VirtualIPs"]] == [ingress]
        task = swarm.on(MANAGER, "docker", "service", "ps", "-q", "--no-trunc", "web").strip()
        attached = inspect(swarm, MANAGER, task)["NetworksAttachments"]
        assert [a["Network"]["ID"] for a in attached] == [ingress]


@pytest.mark.parametrize("host", ["swarm-manager-0", "swarm-manager-1", "swarm-manager-2"])
def test_managers_list_every_declared_network(swarm: LocalCloud, host: str) -> None:
    listed = networks(swarm, host)
    for name in ("app", "shared", "secure"):
        assert listed[name] == ("overlay", "swarm")


def test_worker_lists_a_network_once_something_there_needs_it_vi_1(swarm: LocalCloud) -> None:
    worker = "swarm-worker-1"
    assert "app" not in networks(swarm, worker)
    options = ("--network", "app", "--constraint", f"node.hostname=={worker}")
    with service(swarm, "needs", *options):
        assert networks(swarm, worker)["app"] == ("overlay", "swarm")


def test_declared_attributes_are_those_that_docker_has(swarm: LocalCloud) -> None:
    app, shared, secure = (inspect(swarm, MANAGER, n) for n in ("app", "shared", "secure"))
    assert (app["Attachable"], shared["Attachable"]) == (False, True)
    assert "encrypted" not in (app["Options"] or {})
    assert secure["Options"]["encrypted"] == ""
    assert secure["Options"]["com.docker.network.driver.mtu"] == "1400"
    assert secure["IPAM"]["Config"] == [{"Subnet": "10.210.0.0/24", "Gateway": "10.210.0.1"}]
    pool = app["IPAM"]["Config"][0]["Subnet"]
    assert pool.startswith("10.20")
    assert pool.endswith("/24")


def test_containers_on_two_hosts_reach_each_other_on_an_attachable_network(
    swarm: LocalCloud,
) -> None:
    one, two = WORKERS
    with container(swarm, one, "c1", "shared"), container(swarm, two, "c2", "shared") as address:
        eventually(lambda: pings(swarm, one, "c1", "c2"), 30, "c1 reaches c2 by name")
        assert pings(swarm, one, "c1", address)


def test_container_is_refused_on_a_network_for_services_vi_4(swarm: LocalCloud) -> None:
    run = ("docker", "run", "--rm", "--network", "app", "registry.swarm.test/busybox:1", "true")
    said = swarm.on("swarm-manager-1", *run, check=False)
    assert "not manually attachable" in said


def test_services_on_two_hosts_reach_each_other_by_name_of_their_tasks(swarm: LocalCloud) -> None:
    one, two = WORKERS
    on_one = ("--network", "app", "--constraint", f"node.hostname=={one}")
    on_two = ("--network", "app", "--constraint", f"node.hostname=={two}")
    with service(swarm, "client", *on_one), service(swarm, "server", *on_two):
        source = task_container(swarm, one, "client")
        assert task_container(swarm, one, "server") == ""
        eventually(lambda: pings(swarm, one, source, "tasks.server"), 30, "client reaches server")


def test_mtu_of_a_container_is_what_the_plan_says_mt_1_kd_13(swarm: LocalCloud) -> None:
    with container(swarm, WORKERS[0], "sized", "secure"):
        shown = swarm.on(WORKERS[0], "docker", "exec", "sized", "cat", "/sys/class/net/eth0/mtu")
    assert int(shown) == 1324  # 1400 - 50 - 26, a multiple of four


def test_nothing_of_an_encrypted_network_crosses_in_clear(swarm: LocalCloud) -> None:
    """It fails closed, also where the kernel has no ESP; test_real_kernel.py shows it arrive."""
    one, two = WORKERS
    with (
        container(swarm, one, "s1", "secure"),
        container(swarm, two, "s2", "secure") as secret_address,
        container(swarm, one, "p1", "shared"),
        container(swarm, two, "p2", "shared") as plain_address,
    ):
        eventually(lambda: pings(swarm, one, "p1", plain_address), 30, "the plain network works")
        with vxlan_packets(swarm, vni(swarm, "shared")) as plain:
            pings(swarm, one, "p1", plain_address)
        with vxlan_packets(swarm, vni(swarm, "secure")) as clear:
            for _ in range(5):
                pings(swarm, one, "s1", secret_address)
    assert plain, "the capture must see what does cross in clear, or it proves nothing"
    assert clear == []


ELSEWHERE = """
import json
import pulumi
import pulumi_docker as docker
from pulumi_swarm import OverlayNetwork

given = json.loads(open("given.json").read())
provider = docker.Provider("there", host=given["host"], ssh_opts=given["ssh_opts"])
network = OverlayNetwork(
    "guest",
    {"name": "guest", "attachable": True, "labels": {"of": "another stack"}},
    pulumi.ResourceOptions(providers=[provider]),
)
pulumi.export("id", network.network_id)
"""
PROJECT = {"name": "guest", "runtime": {"name": "python", "options": {"virtualenv": ".venv"}}}


def test_network_is_declared_by_a_program_of_its_own_on_a_swarm_made_elsewhere(
    stack: Stack, swarm: LocalCloud, tmp_path: Path
) -> None:
    """It gets no more of the swarm's stack than the way to its managers."""
    guest = Stack(tmp_path, swarm, name="guest")
    (guest.folder / "Pulumi.guest.yaml").write_text("config: {}\n", encoding="utf-8")
    guest.replace_program(json.dumps(PROJECT), ELSEWHERE)
    way = {"host": stack.outputs()["docker_host"], "ssh_opts": stack.ssh_options()}
    (guest.folder / "given.json").write_text(json.dumps(way), encoding="utf-8")
    try:
        guest.up()
        assert guest.preview() == {}
        guest.refresh()
        assert guest.preview() == {}
        found = inspect(swarm, MANAGER, "guest")
        assert found["Id"] == guest.outputs()["id"]
        assert (found["Driver"], found["Attachable"]) == ("overlay", True)
        assert found["Labels"] == {"of": "another stack"}
        assert stack.preview() == {}
    finally:
        guest.destroy()
    assert "guest" not in networks(swarm, MANAGER)


def test_published_networks_are_those_of_the_stack(swarm: LocalCloud) -> None:
    overlays = json.loads(
        "["
        + ",".join(
            swarm.on(
                *(MANAGER, "docker", "network", "ls"),
                *("--filter", "driver=overlay", "--format", "{{json .Name}}"),
            ).split()
        )
        + "]"
    )
    assert sorted(overlays) == ["app", "ingress", "secure", "shared"]
