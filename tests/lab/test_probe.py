"""The probe of a network: all is well with the stack, and what is broken on purpose is named."""

import subprocess

import pytest

from lab import namespace
from lab.settings import BUSYBOX_IMAGE
from tests.lab.cloud import LocalCloud, Stack, eventually, verify
from tests.lab.conftest import FirstRun
from tests.lab.containers import MANAGER, networks, ready
from tests.lab.rules import rules_taken_out

PROBE = "swarm:index:OverlayProbe"
NODES = 5
PAIRS = NODES * (NODES - 1)


@pytest.fixture(scope="module", autouse=True)
def _logs_come(first_run: FirstRun) -> None:
    """Connect every node anew: a leader may leave out logs of those that lost it for a while.

    test_firewall.py closes 2377; what a probe then says is its containers' verdict alone.
    """
    cloud = first_run.cloud
    for host in sorted(cloud.hosts()):
        cloud.on(host, "systemctl", "restart", "docker")
        eventually(lambda: len(ready(cloud)) == NODES, 90, "all are ready again")


def causes(stack: Stack, network: str, *arguments: str) -> str:
    code, found = verify(stack, *arguments, network)
    assert code == 1
    assert not found[network]["good"]
    return "; ".join(found[network]["causes"])


def test_everything_crosses_between_all_nodes_and_the_probe_leaves_nothing(
    stack: Stack, swarm: LocalCloud
) -> None:
    before = networks(swarm, MANAGER)
    code, found = verify(stack, "app", "shared")
    assert code == 0, found
    for name in ("app", "shared"):
        pairs = [(a, b) for a, row in found[name]["matrix"].items() for b in row]
        assert len(pairs) == PAIRS
        answers = found[name]["matrix"]["swarm-worker-0"]["swarm-manager-1"]
        assert answers["mtu"] == "8951/8951"
        assert int(answers["tcp"]) > 1 << 20
    assert swarm.on(MANAGER, "docker", "service", "ls", "--quiet") == ""
    assert networks(swarm, MANAGER) == before


def test_swarm_that_keeps_no_history_is_probed_all_the_same(
    stack: Stack, swarm: LocalCloud
) -> None:
    swarm.on(MANAGER, "docker", "swarm", "update", "--task-history-limit", "0")
    try:
        code, found = verify(stack, "app")
    finally:
        swarm.on(MANAGER, "docker", "swarm", "update", "--task-history-limit", "5")
    assert code == 0, found


def test_table_is_for_people(stack: Stack) -> None:
    result = stack.command("verify", "--image", BUSYBOX_IMAGE, "app")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "network app" in result.stdout
    assert result.stdout.count("8951/8951") == PAIRS


def test_update_that_declares_a_probe_carries_it_out_and_stays_quiet(stack: Stack) -> None:
    stack.configure(probeNetworks=["shared"], probeImage=BUSYBOX_IMAGE)
    assert stack.preview() == {(PROBE, "swarm-shared"): "create"}
    stack.up()
    (probe,) = [r for r in stack.resources() if r["type"] == PROBE]
    assert len(probe["outputs"]["matrix"]) == NODES
    assert stack.preview() == {}
    stack.refresh()
    assert stack.preview() == {}


def test_data_path_that_is_shut_fails_the_update_and_is_named_of_4(
    stack: Stack, swarm: LocalCloud
) -> None:
    with rules_taken_out(swarm, stack, 4789):
        stack.configure(probeNetworks=["app"], probeImage=BUSYBOX_IMAGE)
        failed = stack.attempt("up")
        stack.configure()
        assert failed.returncode != 0
        assert "network app does not carry" in failed.stdout
        assert "open 4789/udp (VXLAN) between the nodes" in failed.stdout


def test_gossip_that_is_shut_is_named(stack: Stack, swarm: LocalCloud) -> None:
    with rules_taken_out(swarm, stack, 7946):
        assert "open 7946/tcp and 7946/udp between them" in causes(stack, "app")
    eventually(lambda: len(ready(swarm)) == NODES, 90, "all are ready again")


def test_path_that_carries_less_than_planned_is_named_with_what_passes_mt_3(
    stack: Stack, swarm: LocalCloud
) -> None:
    """A path that loses what is longer than 1500 bytes, as where fragments are dropped."""
    address = swarm.hosts()["swarm-worker-1"]["address"]
    lost = "udp dport 4789 meta length > 1500 drop"
    narrow = f"""
    table inet narrow {{
      chain forward {{
        type filter hook forward priority -10
        ip saddr {address} {lost}
        ip daddr {address} {lost}
      }}
    }}
    """
    fabric = [*namespace.enter(swarm.config.fabric), "nft"]
    subprocess.run([*fabric, "-f", "-"], input=narrow, text=True, check=True)
    try:
        said = causes(stack, "app")
    finally:
        subprocess.run([*fabric, "delete", "table", "inet", "narrow"], check=True)
    assert "packets above 1450 bytes are lost" in said
    assert "swarm-worker-1 to others or from them" in said
    assert "set underlayMtu" in said


def test_node_that_is_down_is_named_with_the_port_of_the_managers(
    stack: Stack, swarm: LocalCloud
) -> None:
    swarm.on("swarm-worker-1", "systemctl", "stop", "docker.socket", "docker")
    try:
        eventually(lambda: "swarm-worker-1" not in ready(swarm), 60, "it is seen to be down")
        said = causes(stack, "app")
    finally:
        swarm.on("swarm-worker-1", "systemctl", "start", "docker")
        eventually(lambda: len(ready(swarm)) == NODES, 60, "all are ready again")
    assert "swarm-worker-1 is down" in said
    assert "2377/tcp" in said


def test_encrypted_network_without_esp_is_named_es_5(stack: Stack) -> None:
    """This kernel has none; on one that has, the network must carry everything."""
    code, found = verify(stack, "secure")
    if code == 0:
        assert found["secure"]["good"]
    else:
        assert "open IP protocol 50 (ESP)" in "; ".join(found["secure"]["causes"])


def test_routing_mesh_without_ipvs_is_named(stack: Stack) -> None:
    """This kernel has none; on one that has, the port must answer on every node."""
    code, found = verify(stack, "--published", "app")
    if code == 0:
        assert found["app"]["good"]
    else:
        said = "; ".join(found["app"]["causes"])
        assert said.startswith("a published port does not answer")
        assert "IPVS" in said


def test_network_without_an_address_left_is_named_with_dockers_words(
    stack: Stack, swarm: LocalCloud
) -> None:
    """A /28 has no room for a server and a client on each of five nodes."""
    small = [*stack.base("networks"), {"name": "small", "subnet": "10.211.0.0/28"}]
    stack.configure(networks=small)
    stack.up()
    filler = ("docker", "service", "create", "-d", "--name", "filler", "--network", "small")
    swarm.on(MANAGER, *filler, "--replicas", "12", BUSYBOX_IMAGE, "sleep", "300")
    try:
        said = causes(stack, "small", "--timeout-seconds", "30")
    finally:
        swarm.on(MANAGER, "docker", "service", "rm", "filler")
        running = ("docker", "ps", "--quiet", "--filter", "name=filler")
        eventually(
            lambda: not any(swarm.on(h, *running).strip() for h in swarm.hosts()), 60, "it is gone"
        )
        stack.configure()
        stack.up()
    assert "gave no answer" in said


def test_network_that_is_not_there_is_said(stack: Stack) -> None:
    result = stack.command("verify", "--image", BUSYBOX_IMAGE, "nowhere")
    assert result.returncode == 1
    assert "there is no network 'nowhere' in the swarm" in result.stderr


@pytest.mark.parametrize("image", ["registry.swarm.test/nothing:1"])
def test_image_that_cannot_be_had_is_said_in_dockers_words(stack: Stack, image: str) -> None:
    patience = ("--timeout-seconds", "20")
    result = stack.command("verify", "--json", "--image", image, *patience, "app")
    assert result.returncode == 1
    assert "gave no answer" in result.stdout
