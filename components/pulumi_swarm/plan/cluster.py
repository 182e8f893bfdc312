"""A whole cluster as one plan: every input read, checked alone and against the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network

from .access import Access, AccessPlan, read_access, read_admin_cidrs, read_connection
from .addresses import (
    DEFAULT_SUBNET_SIZE,
    DEFAULT_VPC,
    DOCKER_BRIDGE,
    DOCKER_GWBRIDGE,
    MAX_SUBNET_PREFIX,
    MAX_SUBNET_SIZE,
    MAX_VPC_PREFIX,
    MIN_VPC_PREFIX,
    POOL_CANDIDATES,
    SUBNET_SHARE_BITS,
    ZONES_PER_VPC,
    NamedRange,
    check_disjoint,
    choose_pool,
    is_private,
)
from .images import INSTANCE_TYPE_PATTERN, OperatingSystem, architecture, has_ssm_agent
from .nodes import NodePlan, read_nodes
from .overlay import Overlay, read_overlay
from .ports import DEFAULT_DATA_PATH_PORT, MAX_DATA_PATH_PORT, MIN_DATA_PATH_PORT, Role
from .problems import Problems
from .reader import Reader

DEFAULT_INSTANCE_TYPE = "t3.small"  # 2 GiB: dockerd and raft with room for a small service
DEFAULT_ROOT_VOLUME_GIB = 20
DEFAULT_BOOT_TIMEOUT_SECONDS = (
    600  # a cold boot with package installation takes two to four minutes
)

ENGINE_VERSION_PATTERN = r"\d+\.\d+(\.\d+)?"
# moby#45636: before, a network on another port than 4789 was sent in clear (ES-4).
ENCRYPTED_OTHER_PORT_ENGINE = 23
# Docker.io in Debian 12 is 20.10; what the images come with is not known at preview.
MAX_TAGS = 40  # 50 per resource (AWS tagging reference), less those that this package sets
RESERVED_TAG_PREFIX = "aws:"


class Nat(StrEnum):
    """How private subnets reach the internet."""

    NONE = "none"
    SINGLE = "single"
    PER_ZONE = "per-zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcPlan:
    """The network of the machines: one to make, or one that exists (``vpc_id``)."""

    vpc_id: str | None
    subnet_ids: tuple[str, ...]
    cidr: IPv4Network
    zones: tuple[str, ...]
    zone_count: int
    nat: Nat
    public: bool
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePlan:
    """What the machines are."""

    manager_instance_type: str
    worker_instance_type: str
    operating_system: OperatingSystem
    root_volume_size_gib: int
    engine_version: str
    boot_timeout_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmPlan:
    """What is said once, when the swarm is made."""

    default_addr_pool: tuple[IPv4Network, ...]
    subnet_size: int
    data_path_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    """All of a cluster. Only a plan without problems is ever built."""

    vpc: VpcPlan
    machines: MachinePlan
    swarm: SwarmPlan
    access: AccessPlan
    nodes: tuple[NodePlan, ...]
    networks: tuple[Overlay, ...]
    encrypted: bool
    tags: Mapping[str, str]

    def group(self, role: Role) -> "GroupPlan":
        """The part of the plan that is about one role's nodes."""
        return GroupPlan(
            machines=self.machines,
            swarm=self.swarm,
            access=self.access,
            nodes=tuple(node for node in self.nodes if node.role is role),
            tags=self.tags,
        )


def read_cluster(values: object, known: Sequence[str], problems: Problems) -> ClusterPlan:
    """Read the args of a cluster; the plan is good only when there are no problems."""
    reader = Reader(values, known, problems)
    access = read_access(reader)
    networks = _networks(reader)
    vpc = _vpc(reader, access.access)
    plan = ClusterPlan(
        vpc=vpc,
        machines=_machines(reader, access),
        swarm=_swarm(reader, vpc.cidr, networks),
        access=access,
        nodes=read_nodes(reader, tuple(Role)),
        networks=networks,
        encrypted=any(network.encrypted for network in networks)
        or reader.boolean("allow_encrypted_networks", default=False),
        tags=_tags(reader),
    )
    _check_ranges(reader, plan)
    _check_encryption(reader, plan)
    return plan


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallPlan:
    """What the firewall's rules are made from."""

    data_path_port: int
    encrypted: bool
    admin_cidrs: tuple[IPv4Network, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPlan:
    """What the join secrets and roles are made from."""

    session_manager: bool
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlan:
    """One role's nodes and what they are launched with."""

    machines: MachinePlan
    swarm: SwarmPlan
    access: AccessPlan
    nodes: tuple[NodePlan, ...]
    tags: Mapping[str, str]


def read_vpc(values: object, known: Sequence[str], problems: Problems) -> VpcPlan:
    """Read the args of a network that stands alone."""
    reader = Reader(values, known, problems)
    return _vpc(reader, reader.choice("access", Access.PUBLIC))


def read_firewall(values: object, known: Sequence[str], problems: Problems) -> FirewallPlan:
    """Read the args of a firewall that stands alone."""
    reader = Reader(values, known, problems)
    return FirewallPlan(
        data_path_port=_data_path_port(reader),
        encrypted=reader.boolean("encrypted", default=False),
        admin_cidrs=read_admin_cidrs(reader),
        tags=_tags(reader),
    )


def read_group(values: object, known: Sequence[str], role: Role, problems: Problems) -> GroupPlan:
    """Read the args of the managers or the workers alone."""
    reader = Reader(values, known, problems)
    access = read_connection(reader, require_keys=role is Role.MANAGER)
    return GroupPlan(
        machines=_machines(reader, access),
        swarm=_swarm(reader, reader.network("vpc_cidr", DEFAULT_VPC), ()),
        access=access,
        nodes=read_nodes(reader, (role,)),
        tags=_tags(reader),
    )


def _vpc(reader: Reader, access: Access) -> VpcPlan:
    public = access is Access.PUBLIC
    cidr = reader.network("vpc_cidr", DEFAULT_VPC)
    if not MIN_VPC_PREFIX <= cidr.prefixlen <= MAX_VPC_PREFIX - SUBNET_SHARE_BITS:
        reader.wrong(
            "vpc_cidr",
            f"must be from /{MIN_VPC_PREFIX} to /{MAX_VPC_PREFIX - SUBNET_SHARE_BITS}: it is cut "
            f"in eight subnets, and AWS has none below /{MAX_SUBNET_PREFIX}",
            "choose another prefix length",
        )
    if not is_private(cidr):
        reader.wrong("vpc_cidr", "must be a private range", "choose a part of 10.0.0.0/8")
    zones = reader.strings("availability_zones")
    if len(zones) > ZONES_PER_VPC or len(set(zones)) != len(zones):
        reader.wrong(
            "availability_zones",
            f"must be at most {ZONES_PER_VPC} different zones",
            "leave some out",
        )
        zones = ()
    own = reader.has("vpc_id")
    for name in ("availability_zones", "nat"):
        if own and reader.has(name):
            reader.wrong(name, "has no use with vpc_id, whose subnets exist", "leave it out")
    subnet_ids = reader.strings("subnet_ids")
    if own and not subnet_ids:
        reader.wrong("subnet_ids", "must be given with vpcId", "name the subnets for the machines")
    if own and not reader.has("vpc_cidr"):
        reader.wrong("vpc_cidr", "must be given with vpcId", "give the range of that VPC")
    if subnet_ids and not own:
        reader.wrong("subnet_ids", "needs vpcId", "give the VPC of these subnets")
    return VpcPlan(
        vpc_id=reader.text("vpc_id", "") or None,
        subnet_ids=subnet_ids,
        cidr=cidr,
        zones=zones,
        zone_count=len(zones) or ZONES_PER_VPC,
        nat=reader.choice("nat", Nat.NONE if public else Nat.SINGLE),
        public=public,
        tags=_tags(reader),
    )


def _machines(reader: Reader, access: AccessPlan) -> MachinePlan:
    types = {
        name: reader.text(
            name,
            DEFAULT_INSTANCE_TYPE,
            pattern=INSTANCE_TYPE_PATTERN,
            allowed="must be an EC2 instance type, such as t3.small or m7g.large",
            remedy="write family and size with a dot between them",
        )
        for name in ("manager_instance_type", "worker_instance_type")
    }
    system = reader.choice("operating_system", OperatingSystem.DEBIAN_12)
    if access.access is Access.SSM and not reader.has("ami") and not has_ssm_agent(system):
        reader.wrong(
            "operating_system",
            "must have the SSM agent in its stock image with access: ssm",
            "choose ubuntu-24.04 or amazon-linux-2023, or give an ami that has it",
            system.value,
        )
    if reader.has("ami") and architecture(types["manager_instance_type"]) is not architecture(
        types["worker_instance_type"]
    ):
        reader.wrong(
            "worker_instance_type",
            "must have the managers' processor when one ami serves both",
            "choose types of one architecture",
            types["worker_instance_type"],
        )
    return MachinePlan(
        manager_instance_type=types["manager_instance_type"],
        worker_instance_type=types["worker_instance_type"],
        operating_system=system,
        root_volume_size_gib=reader.integer(
            "root_volume_size_gib",
            DEFAULT_ROOT_VOLUME_GIB,
            low=8,
            high=16384,
            unit="GiB",
            why="images need 8, gp3 ends at 16 TiB",
        ),
        engine_version=reader.text(
            "engine_version",
            "",
            pattern=ENGINE_VERSION_PATTERN,
            allowed="must be a version of Docker Engine, such as 29.1 or 29.1.3",
            remedy="leave it out for the distribution's own package",
        ),
        boot_timeout_seconds=reader.integer(
            "boot_timeout_seconds",
            DEFAULT_BOOT_TIMEOUT_SECONDS,
            low=60,
            high=3600,
            unit="seconds",
            why="a boot takes minutes, not hours",
        ),
    )


def _swarm(reader: Reader, vpc_cidr: IPv4Network, networks: tuple[Overlay, ...]) -> SwarmPlan:
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
        data_path_port=_data_path_port(reader),
    )


def _data_path_port(reader: Reader) -> int:
    return reader.integer(
        "data_path_port",
        DEFAULT_DATA_PATH_PORT,
        low=MIN_DATA_PATH_PORT,
        high=MAX_DATA_PATH_PORT,
        unit="a UDP port",
        why="Docker takes no other",
    )


def _networks(reader: Reader) -> tuple[Overlay, ...]:
    networks = tuple(
        read_overlay(item, reader.problems, f"{reader.path('networks')}[{i}]")
        for i, item in enumerate(reader.sequence("networks"))
    )
    first: dict[str, int] = {}
    for i, network in enumerate(networks):
        if network.name and network.name in first:
            reader.problems.add(
                f"{reader.path('networks')}[{i}].name",
                network.name,
                f"must be unique, and networks[{first[network.name]}] has it too",
                "choose another name",
            )
        first.setdefault(network.name, i)
    return networks


def _tags(reader: Reader) -> dict[str, str]:
    tags = reader.string_map("tags")
    if len(tags) > MAX_TAGS:
        reader.wrong(
            "tags", f"must be at most {MAX_TAGS} (AWS has 50)", "leave some out", len(tags)
        )
    for key in tags:
        if key.lower().startswith(RESERVED_TAG_PREFIX):
            reader.problems.add(
                f"{reader.path('tags')}.{key}",
                key,
                "must not start with aws:, which AWS keeps for itself",
                "choose another key",
            )
    return tags


def _check_ranges(reader: Reader, plan: ClusterPlan) -> None:
    """Hold every range against every other: VPC, peers, Docker's bridges, pools, networks."""
    if plan.vpc.cidr.overlaps(DOCKER_BRIDGE) or plan.vpc.cidr.overlaps(DOCKER_GWBRIDGE):
        reader.wrong(
            "vpc_cidr",
            f"must not overlap Docker's bridges ({DOCKER_BRIDGE}, {DOCKER_GWBRIDGE})",
            "choose another range",
            str(plan.vpc.cidr),
        )
    ranges = [
        NamedRange(
            path=reader.path("vpc_cidr"), network=plan.vpc.cidr, remedy="choose another range"
        )
    ]
    peers = [
        NamedRange(
            path=f"{reader.path('avoid_cidrs')}[{i}]",
            network=network,
            remedy="move the VPC out of the way",
        )
        for i, network in enumerate(reader.networks("avoid_cidrs"))
    ]
    declared = [
        NamedRange(
            path=f"{reader.path('default_addr_pool')}[{i}]",
            network=pool,
            remedy="choose another pool, or leave it out and one is chosen",
        )
        for i, pool in enumerate(plan.swarm.default_addr_pool)
    ]
    declared += [
        NamedRange(
            path=f"{reader.path('networks')}[{i}].subnet",
            network=network.subnet,
            remedy="choose another subnet, or leave it out and swarm takes one from its pool",
        )
        for i, network in enumerate(plan.networks)
        if network.subnet is not None
    ]
    for bridge, name in ((DOCKER_BRIDGE, "docker0"), (DOCKER_GWBRIDGE, "docker_gwbridge")):
        _check_disjoint_from(NamedRange(path=name, network=bridge, remedy=""), declared, reader)
    for peer in peers:  # peers may overlap one another: that is not ours to judge
        _check_disjoint_from(peer, [*ranges, *declared], reader)
    check_disjoint([*ranges, *declared], reader.problems)


def _check_disjoint_from(fixed: NamedRange, others: Sequence[NamedRange], reader: Reader) -> None:
    """Refuse each of ``others`` that overlaps a range which cannot move."""
    for other in others:
        check_disjoint([fixed, other], reader.problems)


def _check_encryption(reader: Reader, plan: ClusterPlan) -> None:
    other_port = plan.swarm.data_path_port != DEFAULT_DATA_PATH_PORT
    if not plan.encrypted or not other_port:
        return
    major = plan.machines.engine_version.partition(".")[0]
    if not major or int(major) < ENCRYPTED_OTHER_PORT_ENGINE:
        reader.wrong(
            "data_path_port",
            f"must be {DEFAULT_DATA_PATH_PORT} with encrypted networks, unless engineVersion is at "
            f"least {ENCRYPTED_OTHER_PORT_ENGINE}: older engines send them in clear",
            f"leave it out, or set engineVersion to {ENCRYPTED_OTHER_PORT_ENGINE} or newer",
            plan.swarm.data_path_port,
        )


def read_join(values: object, known: Sequence[str], problems: Problems) -> JoinPlan:
    """Read the args of the join secrets that stand alone."""
    reader = Reader(values, known, problems)
    return JoinPlan(
        session_manager=reader.boolean("session_manager", default=False), tags=_tags(reader)
    )
