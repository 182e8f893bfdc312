"""What is said once, when the swarm is made."""

from dataclasses import dataclass
from ipaddress import IPv4Network

from .addresses import (
    DEFAULT_SUBNET_SIZE,
    DOCKER_BRIDGE,
    DOCKER_GWBRIDGE,
    MAX_SUBNET_SIZE,
    POOL_CANDIDATES,
    choose_pool,
    is_private,
)
from .overlay import Overlay
from .ports import DEFAULT_DATA_PATH_PORT, MAX_DATA_PATH_PORT, MIN_DATA_PATH_PORT
from .reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmPlan:
    """What is said once, when the swarm is made."""

    default_addr_pool: tuple[IPv4Network, ...]
    subnet_size: int
    data_path_port: int


def read_swarm(reader: Reader, vpc_cidr: IPv4Network, networks: tuple[Overlay, ...]) -> SwarmPlan:
    """Pool and port; a pool that is not given is chosen clear of every other range."""
    pools = reader.networks("default_addr_pool")
    if not reader.has("default_addr_pool"):
        taken = [vpc_cidr, *reader.networks("avoid_cidrs"), DOCKER_BRIDGE, DOCKER_GWBRIDGE]
        taken += [n.subnet for n in networks if n.subnet is not None]
        chosen = choose_pool(taken)
        if chosen is None:
            tried = ", ".join(map(str, POOL_CANDIDATES))
            reader.wrong(
                "default_addr_pool",
                f"must be given: none of {tried} is clear of the other ranges",
                "name a private range that nothing else uses",
            )
        pools = () if chosen is None else (chosen,)
    size = reader.integer(
        "subnet_size",
        DEFAULT_SUBNET_SIZE,
        low=8,
        high=MAX_SUBNET_SIZE,
        unit="bits",
        why="the prefix length of each network taken from the pool",
    )
    for i, pool in enumerate(pools):
        path = f"{reader.path('default_addr_pool')}[{i}]"
        if pool.prefixlen > size:
            reader.problems.add(
                path,
                str(pool),
                f"must hold at least one network of /{size}",
                "choose a larger range, or a longer subnetSize",
            )
        if not is_private(pool):
            reader.problems.add(
                path, str(pool), "must be a private range", "choose a part of 10.0.0.0/8"
            )
    return SwarmPlan(
        default_addr_pool=pools,
        subnet_size=size,
        data_path_port=read_data_path_port(reader),
    )


def read_data_path_port(reader: Reader) -> int:
    """The UDP port of overlay traffic."""
    return reader.integer(
        "data_path_port",
        DEFAULT_DATA_PATH_PORT,
        low=MIN_DATA_PATH_PORT,
        high=MAX_DATA_PATH_PORT,
        unit="a UDP port",
        why="Docker takes no other",
    )
