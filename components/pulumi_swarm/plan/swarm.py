"""What is said once, when the swarm is made."""

from dataclasses import dataclass
from ipaddress import IPv4Network

from .mtu import read_mtu_within
from .overlay import driver_options
from .ports import DEFAULT_DATA_PATH_PORT, GOSSIP_PORT, MAX_DATA_PATH_PORT, MIN_DATA_PATH_PORT
from .ranges import Ranges, ingress_of
from .reader import Reader
from .subnets import Need, Subnet, check_room


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressPlan:
    """The network that published ports come in by; made with the swarm in place of Docker's."""

    subnet: Subnet
    mtu: int
    encrypted: bool

    @property
    def options(self) -> dict[str, str]:
        """The driver's options."""
        return driver_options(encrypted=self.encrypted, mtu=self.mtu)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmPlan:
    """What is said once, when the swarm is made."""

    default_addr_pool: tuple[IPv4Network, ...]
    subnet_size: int
    data_path_port: int
    ingress: IngressPlan


def read_swarm(reader: Reader, ranges: Ranges, underlay_mtu: int, nodes: int) -> SwarmPlan:
    """Pools, port and ingress."""
    ingress = ingress_of(reader)
    mtu = read_mtu_within(ingress, "mtu", underlay_mtu)
    # Every node has a load balancer on it, and one published service is the least.
    check_room(
        ingress,
        "ip_range" if ingress.has("ip_range") else "subnet",
        (ranges.ingress,),
        Need(nodes=nodes, services=1, tasks=max(nodes, 1)),
        "choose a larger range, or leave it out and one is chosen",
    )
    return SwarmPlan(
        default_addr_pool=ranges.default_addr_pool,
        subnet_size=ranges.subnet_size,
        data_path_port=read_data_path_port(reader),
        ingress=IngressPlan(
            subnet=ranges.ingress,
            mtu=mtu,
            encrypted=ingress.boolean("encrypted", default=False),
        ),
    )


def read_data_path_port(reader: Reader) -> int:
    """The UDP port of overlay traffic."""
    port = reader.integer(
        "data_path_port",
        DEFAULT_DATA_PATH_PORT,
        low=MIN_DATA_PATH_PORT,
        high=MAX_DATA_PATH_PORT,
        unit="a UDP port",
        why="Docker takes no other",
    )
    if port == GOSSIP_PORT:
        reader.wrong(
            "data_path_port",
            "must not be the port of the nodes' gossip, which holds it on every node",
            "choose another, or leave it out",
        )
    return port
