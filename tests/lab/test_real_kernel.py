"""What needs a kernel with ESP and IPVS: `make test-kernel` brings one, in a guest.

On a cloud of its own with three nodes alone, so that a guest without KVM gets it done.
"""

import subprocess
from collections.abc import Iterator

import pytest

from lab.settings import BUSYBOX_IMAGE
from tests.lab.capture import esp_packets, vxlan_packets
from tests.lab.cloud import IN_GUEST, LocalCloud, Stack, eventually, running_cloud, verify
from tests.lab.containers import (
    MANAGER,
    container,
    inspect,
    pings,
    service,
    task_container,
    vni,
)
from tests.lab.rules import rules_taken_out

WORKERS = ("swarm-worker-0", "swarm-worker-1")
NODES = 1 + len(WORKERS)

# In a namespace of its own, so that nothing of the machine changes.
TRIES = (
    "ip link set lo up && "
    "ip xfrm state add src 127.0.0.1 dst 127.0.0.1 proto esp spi 1 mode transport "
    "aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 64 && "
    "{ modprobe -q ip_vs || true; } && test -e /proc/net/ip_vs && "
    # What Docker's own namespaces take over from the machine's first one.
    "grep -q 1 /proc/sys/net/ipv4/ip_forward"
)


def has_esp_and_ipvs() -> bool:
    tried = ["unshare", "--net", "sh", "-c", TRIES]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


# In the guest nothing is left out: there the kernel must have them.
pytestmark = [
    pytest.mark.own_cloud,
    pytest.mark.skipif(
        not IN_GUEST and not has_esp_and_ipvs(),
        reason="this kernel has no ESP, no IPVS or forwards nothing; make test-kernel brings one",
    ),
]


@pytest.fixture(scope="module")
def swarm() -> Iterator[LocalCloud]:
    """A cloud without a stack yet."""
    with running_cloud("swarm-test-kernel", 5114) as made:
        yield made


@pytest.fixture(scope="module")
def stack(swarm: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The stack on it, which makes the swarm."""
    made = Stack(tmp_path_factory.mktemp("kernel"), swarm)
    made.keep(managerCount=1, workerCount=len(WORKERS))
    up = made.attempt("up")
    # The guest is gone with its cloud when this is read: what the machines said goes along.
    journal = ("journalctl", "--unit=swarm-bootstrap", "--unit=docker", "--lines=40", "--no-pager")
    said = {host: swarm.on(host, *journal, check=False) for host in swarm.hosts() if up.returncode}
    assert up.returncode == 0, "\n".join([up.stdout, up.stderr, *said.values()])
    return made


@pytest.mark.usefixtures("stack")
def test_encrypted_network_carries_and_all_of_it_goes_by_esp_es_2(swarm: LocalCloud) -> None:
    one, two = WORKERS
    with (
        container(swarm, one, "s1", "secure"),
        container(swarm, two, "s2", "secure") as address,
    ):
        eventually(lambda: pings(swarm, one, "s1", "s2"), 30, "it carries, by name")
        with (
            esp_packets(swarm) as encrypted,
            vxlan_packets(swarm, vni(swarm, "secure")) as clear,
        ):
            assert all(pings(swarm, one, "s1", address) for _ in range(5))
    assert len(encrypted) >= 2 * 5
    assert clear == []


def test_all_networks_carry_everything_and_ports_answer_on_every_node_of_8_qr_10(
    stack: Stack,
) -> None:
    code, found = verify(stack, "--published", "app", "shared", "secure")
    assert code == 0, found
    for name in ("app", "shared", "secure"):
        assert all(row[node]["published"] == "yes" for node, row in found[name]["matrix"].items())
        assert len(found[name]["matrix"]) == NODES
    # 1400 - 50 - 26 bytes, a multiple of four.
    rows = found["secure"]["matrix"].items()  # a node asks itself for the published port alone
    told = {v["mtu"] for node, row in rows for target, v in row.items() if target != node}
    assert told - {"good"} == {"1324/1324"}


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("network", ["app", "shared", "secure"])
def test_service_answers_under_one_address_whichever_of_its_tasks_it_is(
    swarm: LocalCloud, network: str
) -> None:
    serve = "hostname >/tmp/index.html; exec httpd -f -p 80 -h /tmp"
    server = ("--replicas", "2", "--network", network, "--constraint", "node.role==worker")
    swarm.on(
        *(MANAGER, "docker", "service", "create", "-d", "--name", "server", *server),
        *(BUSYBOX_IMAGE, "sh", "-c", serve),
    )
    try:
        at = ("--network", network, "--constraint", f"node.hostname=={MANAGER}")
        with service(swarm, "client", *at):
            client = task_container(swarm, MANAGER, "client")
            # Not wget's own -T: Debian 12's static busybox dies of it (segmentation fault).
            get = "timeout 9 wget -q -O- http://server/ 2>/dev/null"
            asked = f"for i in 1 2 3 4 5 6; do {get}; done; true"
            ask = ("docker", "exec", client, "sh", "-c", asked)
            eventually(
                lambda: len(set(swarm.on(MANAGER, *ask).split())) == 2, 60, "both tasks answer"
            )
            (virtual,) = {
                entry["Addr"].partition("/")[0]
                for entry in inspect(swarm, MANAGER, "server")["Endpoint"]["VirtualIPs"]
            }
            looked_up = swarm.on(MANAGER, "docker", "exec", client, "nslookup", "server")
            assert virtual in looked_up
    finally:
        swarm.on(MANAGER, "docker", "service", "rm", "server")


def test_esp_that_is_shut_is_named_es_1(stack: Stack, swarm: LocalCloud) -> None:
    with rules_taken_out(swarm, stack, protocol="50"):
        code, found = verify(stack, "app", "secure")
    assert code == 1
    assert found["app"]["good"]
    assert "open IP protocol 50 (ESP) between the nodes" in "; ".join(found["secure"]["causes"])
