"""The address plan: which ranges there are, and that no two of them overlap."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from .problems import Problems

MIN_VPC_PREFIX, MAX_VPC_PREFIX = 16, 28  # Amazon VPC user guide, "VPC CIDR blocks"
MAX_SUBNET_PREFIX = 28  # Amazon VPC user guide, "Subnet sizing": 16 addresses, 5 reserved
DEFAULT_VPC = IPv4Network("10.0.0.0/16")

# RFC 1918 and RFC 6598: what may be used inside a network without owning it.
PRIVATE_RANGES = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("100.64.0.0/10"),
)

DEFAULT_SUBNET_SIZE = 24
MAX_SUBNET_SIZE = 29  # moby daemon/cluster: "subnet size" of at most 29

ZONES_PER_VPC = 3  # three zones carry a quorum; the fourth quarter of the VPC stays free
SUBNET_SHARE_BITS = 3  # a VPC is cut in eight: up to four public and four private subnets


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRange:
    """A range and the input it comes from."""

    path: str
    network: IPv4Network
    remedy: str


def check_disjoint(ranges: Sequence[NamedRange], problems: Problems) -> None:
    """Refuse two ranges that overlap: one of the two would lose its packets (AP-1, AP-2)."""
    for first, second in combinations(ranges, 2):
        if first.network.overlaps(second.network):
            problems.add(
                second.path,
                str(second.network),
                f"must not overlap {first.path} ({first.network})",
                second.remedy,
            )


def is_private(network: IPv4Network) -> bool:
    """Whether a range lies in one of the private ones."""
    return any(network.subnet_of(private) for private in PRIVATE_RANGES)


def choose(candidates: Iterable[IPv4Network], taken: Iterable[IPv4Network]) -> IPv4Network | None:
    """The first candidate that is clear of every range in use; None when none is."""
    in_use = list(taken)
    for candidate in candidates:
        if not any(candidate.overlaps(other) for other in in_use):
            return candidate
    return None


def first_host(network: IPv4Network) -> IPv4Address:
    """The address that Docker gives the gateway when none is asked for."""
    return network.network_address + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnets:
    """The subnets of one availability zone; public ones only where something needs them."""

    public: IPv4Network
    private: IPv4Network


def cut_vpc(vpc: IPv4Network, zones: int) -> tuple[Subnets, ...]:
    """A public and a private subnet per zone.

    A zone's subnets depend on its place in the list alone, so that adding a
    zone at the end moves none that exist.
    """
    eighths = list(vpc.subnets(prefixlen_diff=SUBNET_SHARE_BITS))
    half = len(eighths) // 2
    return tuple(Subnets(public=eighths[half + i], private=eighths[i]) for i in range(zones))
