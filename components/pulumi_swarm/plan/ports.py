"""The ports of a swarm: one table, from which every rule of the firewall is derived.

Source: Docker, "Swarm mode: open protocols and ports between the hosts"; for
encrypted networks, IP protocol 50 (ESP, RFC 4303), which that page names too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

MANAGEMENT_PORT = 2377  # tcp: joins, and raft among managers
GOSSIP_PORT = 7946  # tcp and udp: membership and names
DEFAULT_DATA_PATH_PORT = 4789  # udp: VXLAN, RFC 7348
MIN_DATA_PATH_PORT = 1024  # moby daemon/cluster/listen_addr.go
MAX_DATA_PATH_PORT = 49151
SSH_PORT = 22
ESP = "50"  # IP protocol number; AWS wants numbers for all but tcp, udp and icmp
WITH_PORTS = ("tcp", "udp", "6", "17")  # of the protocols that rules name, by name or number

ANYWHERE = "0.0.0.0/0"


class Role(StrEnum):
    """What a node is to its swarm; Docker's words."""

    MANAGER = "manager"
    WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One kind of traffic into nodes of ``to_roles``, from nodes of every role.

    ``port`` is None for a protocol that has none.
    """

    name: str
    protocol: str
    port: int | None
    to_roles: tuple[Role, ...]
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """Traffic that every node may send anywhere."""

    name: str
    protocol: str
    port: int
    purpose: str


EVERY_ROLE = (Role.MANAGER, Role.WORKER)

HTTPS_PORT = 443
OUTLETS = (
    Outlet(name="https", protocol="tcp", port=HTTPS_PORT, purpose="registries, packages, AWS API"),
    Outlet(name="http", protocol="tcp", port=80, purpose="package mirrors"),
    Outlet(name="dns-tcp", protocol="tcp", port=53, purpose="names, long answers"),
    Outlet(name="dns-udp", protocol="udp", port=53, purpose="names"),
    Outlet(name="ntp", protocol="udp", port=123, purpose="time"),
)


def swarm_ports(*, data_path_port: int, encrypted: bool) -> tuple[Port, ...]:
    """The traffic between nodes. ESP is in it exactly when something is encrypted (ES-1)."""
    ports = [
        Port(
            name="management",
            protocol="tcp",
            port=MANAGEMENT_PORT,
            to_roles=(Role.MANAGER,),
            purpose="joining and managing the swarm",
        ),
        Port(
            name="gossip-tcp",
            protocol="tcp",
            port=GOSSIP_PORT,
            to_roles=EVERY_ROLE,
            purpose="node discovery",
        ),
        Port(
            name="gossip-udp",
            protocol="udp",
            port=GOSSIP_PORT,
            to_roles=EVERY_ROLE,
            purpose="node discovery",
        ),
        Port(
            name="data",
            protocol="udp",
            port=data_path_port,
            to_roles=EVERY_ROLE,
            purpose="overlay networks, VXLAN",
        ),
    ]
    if encrypted:
        ports.append(
            Port(
                name="esp",
                protocol=ESP,
                port=None,
                to_roles=EVERY_ROLE,
                purpose="encrypted overlay networks, IPsec ESP",
            )
        )
    return tuple(ports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One way of one kind of traffic: from the nodes of a role to those of a role."""

    port: Port
    source: Role
    target: Role


def pairs(ports: tuple[Port, ...]) -> Iterator[Pair]:
    """Every (traffic, from, to); each is one ingress and one egress rule."""
    for port in ports:
        for target in port.to_roles:
            for source in EVERY_ROLE:
                yield Pair(port=port, source=source, target=target)
