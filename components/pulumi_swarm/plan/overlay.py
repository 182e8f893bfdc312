"""An overlay network as declared: reading, checking, and the options Docker gets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from .addresses import first_host, is_private
from .problems import Problems
from .reader import Reader

# moby daemon/network: names that the engine keeps for its own networks (VI-7).
RESERVED_NAMES = frozenset({"bridge", "default", "docker_gwbridge", "host", "ingress", "none"})
# swarmkit manager/controlapi: "name must be valid as a DNS name component"; found by asking it.
NAME_PATTERN = r"[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?"

MTU_OPTION = "com.docker.network.driver.mtu"
ENCRYPTED_OPTION = "encrypted"

VXLAN_OVERHEAD = 50  # 14 Ethernet + 20 IPv4 + 8 UDP + 8 VXLAN, in bytes (RFC 7348)
ESP_OVERHEAD = 26  # moby overlay/encryption.go, pktExpansion
MIN_MTU = 68 + VXLAN_OVERHEAD + ESP_OVERHEAD  # RFC 791 wants 68 for what is left inside
MAX_MTU = 9216  # the largest jumbo frame in common use; a VPC carries 9001

# One address for the network, one for broadcast, one gateway, and one each for the nodes'
# load balancers, services and tasks: below /28 nothing useful is left (AP-9).
MAX_NETWORK_PREFIX = 28

KNOWN = ("name", "attachable", "internal", "encrypted", "subnet", "gateway", "mtu", "labels")

REFUSED = {
    "driver": "every network here is an overlay; for another driver use docker.Network itself",
    "scope": "an overlay of a swarm always has scope swarm; leave it out",
    "ingress": "the ingress network is made with the swarm; leave it out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """A user-defined overlay network. ``mtu`` is that of the path below it, as Docker takes it."""

    name: str
    attachable: bool
    internal: bool
    encrypted: bool
    subnet: IPv4Network | None
    gateway: IPv4Address | None
    mtu: int | None
    labels: Mapping[str, str]

    @property
    def options(self) -> dict[str, str]:
        """The driver's options. Docker tests ``encrypted`` for presence, not value (ES-6)."""
        options: dict[str, str] = {}
        if self.encrypted:
            options[ENCRYPTED_OPTION] = ""
        if self.mtu is not None:
            options[MTU_OPTION] = str(self.mtu)
        return options

    @property
    def options_fingerprint(self) -> str:
        """The options in one canonical spelling, to tell a change from swarm's own additions."""
        return json.dumps(self.options, sort_keys=True)

    @property
    def container_mtu(self) -> int | None:
        """What a container on it gets; None when Docker's default applies (MT-1)."""
        if self.mtu is None:
            return None
        inside = self.mtu - VXLAN_OVERHEAD
        if self.encrypted:
            inside -= ESP_OVERHEAD
            inside -= inside % 4
        return inside


def read_overlay(values: object, problems: Problems, prefix: str = "") -> Overlay:
    """Read one declaration; mistakes go to ``problems``."""
    reader = Reader(values, KNOWN, problems, prefix, REFUSED)
    subnet = _subnet(reader)
    return Overlay(
        name=_name(reader),
        attachable=reader.boolean("attachable", default=False),
        internal=reader.boolean("internal", default=False),
        encrypted=reader.boolean("encrypted", default=False),
        subnet=subnet,
        gateway=_gateway(reader, subnet),
        mtu=_mtu(reader),
        labels=reader.string_map("labels"),
    )


def _name(reader: Reader) -> str:
    if not reader.has("name"):
        reader.wrong("name", "must be given", "name the network")
        return ""
    name = reader.text(
        "name",
        "",
        pattern=NAME_PATTERN,
        allowed="must be at most 63 letters, digits, _ and -, with a letter or digit at both ends",
        remedy="choose another name",
    )
    if name in RESERVED_NAMES:
        reserved = ", ".join(sorted(RESERVED_NAMES))
        reader.wrong("name", f"must not be one of Docker's own ({reserved})", "choose another name")
    return name


def _subnet(reader: Reader) -> IPv4Network | None:
    if not reader.has("subnet"):
        return None
    subnet = reader.network("subnet", IPv4Network("0.0.0.0/0"))
    if subnet.prefixlen == 0:
        if reader.raw("subnet") == "0.0.0.0/0":
            reader.wrong("subnet", "must be a private range", "choose a part of 10.0.0.0/8")
        return None
    if not is_private(subnet):
        reader.wrong(
            "subnet",
            "must be a private range (RFC 1918 or RFC 6598)",
            "choose a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
        )
    if subnet.prefixlen > MAX_NETWORK_PREFIX:
        reader.wrong(
            "subnet",
            f"must be /{MAX_NETWORK_PREFIX} or larger: nodes, services and tasks take addresses",
            "choose a shorter prefix length, such as /24",
        )
    return subnet


def _gateway(reader: Reader, subnet: IPv4Network | None) -> IPv4Address | None:
    if not reader.has("gateway"):
        # Always sent: swarm fills it in, and a refresh would then show a change (KD-3).
        return None if subnet is None else first_host(subnet)
    if subnet is None:
        reader.wrong("gateway", "needs a subnet to lie in", "give the subnet, or leave it out")
        return None
    raw = reader.raw("gateway")
    try:
        gateway = IPv4Address(raw) if isinstance(raw, str) else None
    except AddressValueError:
        gateway = None
    if gateway is None:
        reader.wrong("gateway", "must be an IPv4 address", f"write {first_host(subnet)}")
        return None
    edges = (subnet.network_address, subnet.broadcast_address)
    if gateway not in subnet or gateway in edges:
        reader.wrong(
            "gateway",
            f"must be a host address of the subnet {subnet}",
            f"write {first_host(subnet)}",
        )
    return gateway


def _mtu(reader: Reader) -> int | None:
    if not reader.has("mtu"):
        return None
    return reader.integer(
        "mtu",
        MIN_MTU,
        low=MIN_MTU,
        high=MAX_MTU,
        unit="bytes",
        why="of the path below the overlay: 1500, or 9001 inside a VPC",
    )
