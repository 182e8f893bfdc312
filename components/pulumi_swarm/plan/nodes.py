"""The nodes of a swarm: how many, how they are called, what is asked of each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from .addresses import is_private
from .ports import Role
from .reader import Reader, parse_string_map

MAX_MANAGERS = 7  # Docker, "Administer and maintain a swarm": more only slow raft down
MAX_WORKERS = (
    1000  # far above what one Pulumi program should hold; an auto-scaling group is for that
)
MAX_GENERATION = 1_000_000
DEFAULT_PARALLELISM = 1  # docker service update --update-parallelism
DEFAULT_MANAGERS = 3  # the smallest number that survives the loss of one

# moby/swarmkit api/validation: keys and values of node labels are free text; these are
# kept by the engine for itself.
RESERVED_LABEL_PREFIXES = ("com.docker.", "io.docker.", "org.dockerproject.")


class Availability(StrEnum):
    """Whether a node takes tasks; Docker's words."""

    ACTIVE = "active"
    PAUSE = "pause"
    DRAIN = "drain"


def quorum(managers: int) -> int:
    """How many managers must agree: more than half."""
    return managers // 2 + 1


def is_sound_manager_count(managers: int) -> bool:
    """Odd and at most seven: an even number survives no more losses than one less."""
    return managers % 2 == 1 and managers <= MAX_MANAGERS


def survives_loss_of_one(managers: int, reachable: int) -> bool:
    """Whether a swarm of ``managers`` keeps its quorum when a reachable one leaves for good."""
    return managers > 1 and reachable - 1 >= quorum(managers - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """One node. ``key`` names it inside its cluster: ``manager-0``, ``worker-4``.

    Another ``generation`` is another machine.
    """

    key: str
    role: Role
    index: int
    availability: Availability
    labels: Mapping[str, str]
    generation: int | str
    advertise_addr: IPv4Address | None
    spot: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeName:
    """A node's name in Pulumi and on its machine: its cluster's, and its key there."""

    cluster: str
    role: Role
    index: int


_NODE_NAME = re.compile(r"(?P<cluster>.+)-(?P<role>manager|worker)-(?P<index>\d+)")


def parse_node_name(name: str) -> NodeName | None:
    """The parts of a node's name; None for what is no node's."""
    found = _NODE_NAME.fullmatch(name)
    if found is None:
        return None
    return NodeName(cluster=found["cluster"], role=Role(found["role"]), index=int(found["index"]))


def read_nodes(reader: Reader, roles: tuple[Role, ...]) -> tuple[NodePlan, ...]:
    """All nodes of these roles that the args ask for, in the order of the roles."""
    count = {Role.MANAGER: _manager_count, Role.WORKER: _worker_count}
    counts = {role: count[role](reader) for role in roles}
    availability = {
        role: reader.choice(f"{role}_availability", Availability.ACTIVE) for role in roles
    }
    by_role = {role: reader.string_map(f"{role}_labels") for role in roles}
    by_node = reader.mapping(
        "node_labels", lambda v, path: parse_string_map(v, path, reader.problems)
    )
    generations = reader.mapping("node_generations", lambda v, path: _generation(v, path, reader))
    by_role_generation = {role: _role_generation(reader, role) for role in roles}
    advertised = reader.mapping(
        "node_advertise_addrs", lambda v, path: _advertise_addr(v, path, reader)
    )
    spot = reader.boolean("worker_spot", default=False) if Role.WORKER in roles else False
    keys = [(role, i, f"{role}-{i}") for role in roles for i in range(counts[role])]
    _check_keys(reader, [key for _, _, key in keys], by_node, generations, advertised)
    _check_unique(reader, advertised)
    for role, labels in by_role.items():
        _check_labels(reader, f"{role}_labels", labels)
    for key, labels in by_node.items():
        _check_labels(reader, f"node_labels.{key}", labels)
    return tuple(
        NodePlan(
            key=key,
            role=role,
            index=index,
            availability=availability[role],
            labels={**by_role[role], **by_node.get(key, {})},
            generation=_generation_of(by_role_generation[role], generations.get(key, 1)),
            advertise_addr=advertised.get(key),
            spot=spot and role is Role.WORKER,
        )
        for role, index, key in keys
    )


def _manager_count(reader: Reader) -> int:
    count = reader.integer(
        "manager_count",
        DEFAULT_MANAGERS,
        low=1,
        high=MAX_MANAGERS,
        unit="managers",
        why="more slow the swarm down and make it no safer",
    )
    if not is_sound_manager_count(count):
        reader.wrong(
            "manager_count",
            "must be odd: an even number survives no more losses than one less",
            f"choose {count - 1} or {count + 1}",
            count,
        )
    return count


def _worker_count(reader: Reader) -> int:
    return reader.integer(
        "worker_count",
        0,
        low=0,
        high=MAX_WORKERS,
        unit="workers",
        why="each is an instance of its own in the stack",
    )


def _generation_of(role: int, node: int) -> int | str:
    """That of its role and its own, such as 2.1; its own alone while its role's was not raised.

    So stacks from before roles had generations keep their machines.
    """
    return node if role == 1 else f"{role}.{node}"


def _role_generation(reader: Reader, role: Role) -> int:
    return reader.integer(
        f"{role}_generation",
        1,
        low=1,
        high=MAX_GENERATION,
        unit="generations",
        why="a counter: raising it by one replaces them once",
    )


def read_parallelism(reader: Reader) -> int:
    """How many workers may be away at once while all are replaced; 0 is as many as there are."""
    return reader.integer(
        "worker_parallelism",
        DEFAULT_PARALLELISM,
        low=0,
        high=MAX_WORKERS,
        unit="workers",
        why="0 replaces all at once, as with docker service update",
    )


def _generation(value: object, path: str, reader: Reader) -> int:
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        reader.problems.add(
            path, value, "must be a whole number from 1", "raise it by one to replace the node"
        )
        return 1
    return number


def _advertise_addr(value: object, path: str, reader: Reader) -> IPv4Address | None:
    """A private address.

    What leaves by NAT comes with another source, and ESP does not leave by NAT at all (NW-2, NW-4).
    """
    try:
        address = IPv4Address(value if isinstance(value, str) else "")
    except ValueError:
        reader.problems.add(path, value, "must be an IPv4 address", "write it like 10.0.1.10")
        return None
    if not is_private(IPv4Network(address)):
        reader.problems.add(
            path,
            value,
            "must be a private address: peers see nodes under it, and neither a changed public "
            "address nor encrypted traffic passes a NAT",
            "give the node's address inside the VPC, or leave it out",
        )
    return address


def _check_unique(reader: Reader, advertised: Mapping[str, IPv4Address | None]) -> None:
    first: dict[IPv4Address, str] = {}
    for key, address in advertised.items():
        if address is not None and first.setdefault(address, key) != key:
            reader.problems.add(
                f"{reader.path('node_advertise_addrs')}.{key}",
                str(address),
                f"must be another than that of {first[address]}",
                "give each node its own address",
            )


def _check_keys(reader: Reader, keys: list[str], *named: Mapping[str, object]) -> None:
    inputs = ("node_labels", "node_generations", "node_advertise_addrs")
    for name, mapping in zip(inputs, named, strict=True):
        for key in mapping:
            if key not in keys:
                reader.problems.add(
                    f"{reader.path(name)}.{key}",
                    key,
                    f"must name a node of this cluster ({', '.join(keys)})",
                    "correct the name, or remove the entry",
                )


def _check_labels(reader: Reader, name: str, labels: Mapping[str, str]) -> None:
    for key in labels:
        if key.startswith(RESERVED_LABEL_PREFIXES):
            reader.problems.add(
                f"{reader.path(name)}.{key}",
                key,
                "must not start with a prefix that Docker keeps for itself "
                f"({', '.join(RESERVED_LABEL_PREFIXES)})",
                "choose another key",
            )
        elif not re.fullmatch(r"\S+", key):
            reader.problems.add(
                f"{reader.path(name)}.{key}",
                key,
                "must be a name without spaces",
                "choose another key",
            )
