"""Every address range of a cluster: those given are checked, those not given are chosen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network

from .addresses import (
    DEFAULT_SUBNET_SIZE,
    MAX_SUBNET_SIZE,
    NamedRange,
    check_disjoint,
    choose,
    first_host,
    is_private,
)
from .problems import Problems
from .reader import Reader
from .subnets import SUBNET_KEYS, Subnet, read_subnet

_INGRESS_KEYS = (*SUBNET_KEYS, "mtu", "encrypted")
_INGRESS_REFUSED = {
    "attachable": "swarm attaches nothing but published services to ingress; leave it out",
    "name": "ingress is always called ingress; leave it out",
}
_GWBRIDGE_KEYS = ("subnet", "gateway", "mtu", "icc", "ip_masquerade")
_GWBRIDGE_REFUSED = {
    "name": "swarm looks for a network called docker_gwbridge; leave it out",
    "encrypted": "docker_gwbridge does not leave its node; encrypt the overlays",
}

# Tried in turn when no default_addr_pool is given. A /14 holds 1024 networks of /24.
POOL_CANDIDATES = (
    IPv4Network("10.200.0.0/14"),
    IPv4Network("10.96.0.0/14"),
    IPv4Network("172.24.0.0/14"),
    IPv4Network("100.96.0.0/14"),
)
# For ingress, beside the pools: a /20 holds 4093 nodes and published services and their tasks.
INGRESS_CANDIDATES = (
    IPv4Network("10.204.0.0/20"),
    IPv4Network("10.100.0.0/20"),
    IPv4Network("172.28.0.0/20"),
    IPv4Network("100.100.0.0/20"),
)
DOCKER_BRIDGE = IPv4Interface("172.17.0.1/16")  # dockerd's default for docker0
# For docker0 and docker_gwbridge; Docker's own first choices first.
BRIDGE_CANDIDATES = (
    DOCKER_BRIDGE.network,
    IPv4Network("172.18.0.0/16"),
    IPv4Network("172.19.0.0/16"),
    IPv4Network("192.168.224.0/20"),
    IPv4Network("192.168.240.0/20"),
    IPv4Network("100.112.0.0/16"),
    IPv4Network("100.113.0.0/16"),
)
# A container takes an address of docker_gwbridge for each overlay that leads outside.
MAX_BRIDGE_PREFIX = 26  # 64 - network, broadcast and gateway = 61 containers on a node


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPool:
    """A range that networks of a single host are taken from, each with a prefix of ``size``."""

    base: IPv4Network
    size: int

    @property
    def as_given(self) -> dict[str, object]:
        """As the args and daemon.json alike spell it."""
        return {"base": str(self.base), "size": self.size}


# moby libnetwork/ipamutils: what dockerd takes local networks from unless told otherwise.
DOCKER_LOCAL_POOLS = (
    *(LocalPool(base=IPv4Network(f"172.{second}.0.0/16"), size=16) for second in range(17, 32)),
    LocalPool(base=IPv4Network("192.168.0.0/16"), size=20),
)
# When none of those is free; each holds 64 networks of the size.
LOCAL_CANDIDATES = (IPv4Network("100.120.0.0/14"), IPv4Network("10.192.0.0/14"))
LOCAL_SIZE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """Where every address comes from. ``local_pools`` is empty when Docker's own will do."""

    default_addr_pool: tuple[IPv4Network, ...]
    subnet_size: int
    ingress: Subnet
    gwbridge: Subnet
    bip: IPv4Interface
    local_pools: tuple[LocalPool, ...]


def ingress_of(reader: Reader) -> Reader:
    """The reader of the object ``ingress``."""
    return reader.nested("ingress", _INGRESS_KEYS, _INGRESS_REFUSED)


def gwbridge_of(reader: Reader) -> Reader:
    """The reader of the object ``docker_gwbridge``."""
    return reader.nested("docker_gwbridge", _GWBRIDGE_KEYS, _GWBRIDGE_REFUSED)


def read_ranges(
    reader: Reader,
    vpc_cidr: IPv4Network | None,
    declared: Sequence[NamedRange] = (),
) -> Ranges:
    """Read them, choose what is not given, and hold all of them against each other.

    ``declared`` are the subnets of the networks. A part that stands alone may
    not know its VPC's range; what it is given was checked by who knows.
    """
    peers = _peers(reader)
    vpc = [] if vpc_cidr is None else [_vpc(reader, vpc_cidr)]
    given = _Given.read(reader)
    fixed = [*vpc, *peers, *given.ranges, *declared]
    ranges = _chosen(reader, given, [found.network for found in fixed])
    # Peers may overlap one another: that is not ours to judge. One of them cannot be moved.
    mine = [*vpc, *given.bridges, *given.pools, *given.ingress, *declared]
    for peer in peers:
        for other in [*mine, *given.local]:
            check_disjoint([peer, other], reader.problems)
    check_disjoint(mine, reader.problems)
    for pool in given.local:  # docker0 and docker_gwbridge may lie in them
        for other in (*vpc, *given.pools, *given.ingress, *declared):
            check_disjoint([other, pool], reader.problems)
    check_disjoint(given.local, reader.problems)
    return ranges


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """The ranges that the args name."""

    pools: list[NamedRange]
    subnet_size: int
    ingress_subnet: Subnet | None
    ingress: list[NamedRange]
    gwbridge_subnet: Subnet | None
    bip: IPv4Interface | None
    bridges: list[NamedRange]
    local_pools: tuple[LocalPool, ...]
    local: list[NamedRange]

    @property
    def ranges(self) -> list[NamedRange]:
        return [*self.pools, *self.ingress, *self.bridges]

    @classmethod
    def read(cls, reader: Reader) -> "_Given":
        size = read_subnet_size(reader)
        ingress_reader = ingress_of(reader)
        ingress = read_subnet(ingress_reader)
        gwbridge_reader = gwbridge_of(reader)
        gwbridge = read_subnet(gwbridge_reader)
        bip = reader.interface("bip", DOCKER_BRIDGE) if reader.has("bip") else None
        local_pools = _local_pools(reader)
        return cls(
            pools=_pools(reader, size),
            subnet_size=size,
            ingress_subnet=ingress,
            ingress=_named(ingress_reader.path("subnet"), ingress),
            gwbridge_subnet=gwbridge,
            bip=bip,
            bridges=[*_bip(reader, bip), *_gwbridge(gwbridge_reader, gwbridge)],
            local_pools=local_pools,
            local=[
                NamedRange(
                    path=f"{reader.path('default_address_pools')}[{i}].base",
                    network=pool.base,
                    remedy="choose another range",
                )
                for i, pool in enumerate(local_pools)
            ],
        )


def _chosen(reader: Reader, given: _Given, taken: list[IPv4Network]) -> Ranges:
    """What is given, and for the rest the first candidates that are clear of all else."""

    def pick(name: str, candidates: Iterable[IPv4Network]) -> IPv4Network:
        tried = tuple(candidates)
        found = choose(tried, taken)
        if found is None:
            reader.wrong(
                name,
                f"must be given: none of {', '.join(map(str, tried))} is clear of the other ranges",
                "name a private range that nothing else uses",
            )
            return tried[0]
        taken.append(found)
        return found

    bip = given.bip
    if bip is None:
        network = pick("bip", BRIDGE_CANDIDATES)
        bip = IPv4Interface(f"{first_host(network)}/{network.prefixlen}")
    gwbridge = given.gwbridge_subnet or _whole(pick("docker_gwbridge", BRIDGE_CANDIDATES))
    # docker0 and docker_gwbridge may lie in a local pool, and nothing else may.
    taken.extend(pool.base for pool in given.local_pools)
    pools = tuple(pool.network for pool in given.pools)
    if not pools:
        pools = (pick("default_addr_pool", _pool_candidates(reader, given.subnet_size)),)
    ingress = given.ingress_subnet or _whole(pick("ingress", INGRESS_CANDIDATES))

    def local_pools() -> tuple[LocalPool, ...]:
        clear = local_pools_clear_of(taken, bip, gwbridge.network)
        if clear == DOCKER_LOCAL_POOLS:
            return ()  # Docker's own will do: nothing needs to be said
        base = None if clear else pick("default_address_pools", LOCAL_CANDIDATES)
        return clear if base is None else (LocalPool(base=base, size=LOCAL_SIZE),)

    return Ranges(
        default_addr_pool=pools,
        subnet_size=given.subnet_size,
        ingress=ingress,
        gwbridge=gwbridge,
        bip=bip,
        local_pools=given.local_pools or local_pools(),
    )


def _pool_candidates(reader: Reader, subnet_size: int) -> tuple[IPv4Network, ...]:
    """Those that hold a network of the size: docker swarm init refuses another (AP-6)."""
    large = tuple(pool for pool in POOL_CANDIDATES if pool.prefixlen <= subnet_size)
    if not large and not reader.raw("default_addr_pool"):
        reader.wrong(
            "subnet_size",
            f"must be from {POOL_CANDIDATES[0].prefixlen} while no defaultAddrPool is given: what "
            f"is chosen is a /{POOL_CANDIDATES[0].prefixlen}",
            "choose a longer one, or give a pool that holds a network of it",
        )
    return large or POOL_CANDIDATES


def local_pools_clear_of(
    taken: Iterable[IPv4Network], bip: IPv4Interface, gwbridge: IPv4Network
) -> tuple[LocalPool, ...]:
    """Docker's own local pools without those that lie over a range in use.

    docker0 and docker_gwbridge may lie in one; Docker does not give them out twice.
    """
    bridges = (bip.network, gwbridge)
    others = [network for network in taken if network not in bridges]
    return tuple(
        pool
        for pool in DOCKER_LOCAL_POOLS
        if not any(pool.base.overlaps(other) for other in others)
    )


def _whole(network: IPv4Network) -> Subnet:
    return Subnet(network=network, gateway=first_host(network), ip_range=None)


def _named(path: str, subnet: Subnet | None) -> list[NamedRange]:
    if subnet is None:
        return []
    remedy = "choose another range, or leave it out and one is chosen"
    return [NamedRange(path=path, network=subnet.network, remedy=remedy)]


def _vpc(reader: Reader, network: IPv4Network) -> NamedRange:
    return NamedRange(path=reader.path("vpc_cidr"), network=network, remedy="choose another range")


def _peers(reader: Reader) -> list[NamedRange]:
    return [
        NamedRange(
            path=f"{reader.path('avoid_cidrs')}[{i}]",
            network=network,
            remedy="move the VPC out of the way",
        )
        for i, network in enumerate(reader.networks("avoid_cidrs"))
    ]


def read_subnet_size(reader: Reader) -> int:
    """The prefix length of each network taken from the pool."""
    return reader.integer(
        "subnet_size",
        DEFAULT_SUBNET_SIZE,
        low=8,
        high=MAX_SUBNET_SIZE,
        unit="bits",
        why="the prefix length of each network taken from the pool",
    )


def _pools(reader: Reader, size: int) -> list[NamedRange]:
    pools = []
    for i, pool in enumerate(reader.networks("default_addr_pool")):
        path = f"{reader.path('default_addr_pool')}[{i}]"
        if pool.prefixlen > size:
            reader.problems.add(
                path,
                str(pool),
                f"must hold at least one network of /{size}",
                "choose a larger range, or a longer subnetSize",
            )
        _require_private(pool, path, reader.problems)
        remedy = "choose another pool, or leave it out and one is chosen"
        pools.append(NamedRange(path=path, network=pool, remedy=remedy))
    return pools


def _bip(reader: Reader, bip: IPv4Interface | None) -> list[NamedRange]:
    if bip is None:
        return []
    path = reader.path("bip")
    _require_private(bip.network, path, reader.problems)
    _require_room(bip.network, path, reader.problems)
    return [NamedRange(path=path, network=bip.network, remedy="choose another range")]


def _gwbridge(reader: Reader, subnet: Subnet | None) -> list[NamedRange]:
    if subnet is not None:
        _require_room(subnet.network, reader.path("subnet"), reader.problems)
    return _named(reader.path("subnet"), subnet)


def _local_pools(reader: Reader) -> tuple[LocalPool, ...]:
    found = []
    for item in reader.each("default_address_pools", ("base", "size")):
        item.require(("base", "size"), "write base and size of each pool")
        base = item.network("base", DOCKER_LOCAL_POOLS[0].base)
        size = item.integer(
            "size",
            base.prefixlen,
            low=base.prefixlen,
            high=MAX_BRIDGE_PREFIX,
            unit="bits",
            why="the prefix length of each local network, not shorter than its pool's",
        )
        _require_private(base, item.path("base"), reader.problems)
        found.append(LocalPool(base=base, size=size))
    return tuple(found)


def _require_private(network: IPv4Network, path: str, problems: Problems) -> None:
    if not is_private(network):
        problems.add(path, str(network), "must be a private range", "choose a part of 10.0.0.0/8")


def _require_room(network: IPv4Network, path: str, problems: Problems) -> None:
    if network.prefixlen > MAX_BRIDGE_PREFIX:
        problems.add(
            path,
            str(network),
            f"must be /{MAX_BRIDGE_PREFIX} or larger: each container on a node takes an address",
            "choose a shorter prefix length, such as /20",
        )
