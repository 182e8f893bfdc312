"""Subnets of Docker networks: range, gateway, part for containers, and whether they are enough."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from .addresses import first_host, is_private
from .reader import Reader

# One address for the network, one for broadcast, one gateway, and one each for the nodes'
# load balancers, services and tasks: below /28 nothing useful is left (AP-9).
MAX_NETWORK_PREFIX = 28

SUBNET_KEYS = ("subnet", "gateway", "ip_range")
_ANY = IPv4Network("0.0.0.0/0")

AUX_REFUSED = (
    "swarm keeps no auxiliary addresses: it would give one of them to a task; leave it out, and "
    "use ipRange to keep a part of the subnet free"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """A range of a network; containers take their addresses from ``ip_range`` when there is one."""

    network: IPv4Network
    gateway: IPv4Address
    ip_range: IPv4Network | None
    path: str = field(default="", compare=False)  # of the input that it comes from

    @property
    def free(self) -> int:
        """How many addresses are left for containers, services and nodes."""
        scope = self.ip_range or self.network
        taken = {self.network.network_address, self.network.broadcast_address, self.gateway}
        return scope.num_addresses - sum(address in scope for address in taken)


def read_subnet(reader: Reader) -> Subnet | None:
    """``subnet``, ``gateway`` and ``ip_range`` of one mapping; None when no subnet is given."""
    network = _network(reader)
    if network is None:
        for name in ("gateway", "ip_range"):
            if reader.has(name) and not reader.has("subnet"):
                reader.wrong(name, "needs a subnet to lie in", "give the subnet, or leave it out")
        return None
    return Subnet(
        network=network,
        gateway=_gateway(reader, network),
        ip_range=_ip_range(reader, network),
        path=reader.path("subnet"),
    )


def check_room(
    reader: Reader, name: str, subnets: tuple[Subnet, ...], need: "Need", remedy: str
) -> None:
    """Refuse subnets that run out of addresses; the message shows the sum (AP-9)."""
    free = sum(subnet.free for subnet in subnets)
    if subnets and free < need.total:
        ranges = " + ".join(str(subnet.ip_range or subnet.network) for subnet in subnets)
        reader.wrong(
            name,
            f"must hold {need}; {ranges} without network address, broadcast and gateway has {free}",
            remedy,
            ranges,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What takes addresses of a network.

    A load balancer on each node that has tasks on it, a virtual IP for each
    service, and one address for each task or container.
    """

    nodes: int
    services: int
    tasks: int

    @property
    def balancers(self) -> int:
        """Nodes with tasks on the network: no more than there are tasks."""
        return min(self.nodes, self.tasks)

    @property
    def total(self) -> int:
        """How many addresses."""
        return self.balancers + self.services + self.tasks

    def __str__(self) -> str:
        return (
            f"nodes {self.balancers} + services {self.services} + tasks {self.tasks} = "
            f"{self.total} addresses"
        )


def _network(reader: Reader) -> IPv4Network | None:
    if not reader.has("subnet"):
        return None
    network = reader.network("subnet", _ANY)
    if network == _ANY:
        if reader.raw("subnet") == str(_ANY):
            reader.wrong("subnet", "must be a private range", "choose a part of 10.0.0.0/8")
        return None
    if not is_private(network):
        reader.wrong(
            "subnet",
            "must be a private range (RFC 1918 or RFC 6598)",
            "choose a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
        )
    if network.prefixlen > MAX_NETWORK_PREFIX:
        reader.wrong(
            "subnet",
            f"must be /{MAX_NETWORK_PREFIX} or larger: nodes, services and tasks take addresses",
            "choose a shorter prefix length, such as /24",
        )
    return network


def _gateway(reader: Reader, network: IPv4Network) -> IPv4Address:
    # Always sent: swarm fills it in, and a refresh would then show a change (KD-3).
    gateway = reader.address("gateway", first_host(network))
    if gateway not in network or gateway in (network.network_address, network.broadcast_address):
        reader.wrong(
            "gateway",
            f"must be a host address of the subnet {network}",
            f"write {first_host(network)}",
        )
    return gateway


def _ip_range(reader: Reader, network: IPv4Network) -> IPv4Network | None:
    if not reader.has("ip_range"):
        return None
    found = reader.network("ip_range", network)
    if not found.subnet_of(network):
        reader.wrong(
            "ip_range", f"must lie in the subnet {network}", "choose a part of it, or leave it out"
        )
        return None
    return found
