"""A whole cluster as one plan: every input read, checked alone and against the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from .access import AccessPlan, read_access, read_admin_cidrs, read_connection
from .addresses import DEFAULT_VPC, DOCKER_BRIDGE, DOCKER_GWBRIDGE, NamedRange, check_disjoint
from .machines import MachinePlan, read_machines
from .nodes import NodePlan, read_nodes
from .overlay import Overlay, read_overlay
from .ports import DEFAULT_DATA_PATH_PORT, Role
from .problems import Problems
from .reader import Reader
from .swarm import SwarmPlan, read_data_path_port, read_swarm
from .tags import read_tags
from .vpc import VpcPlan, read_vpc_of

# moby#45636: before, a network on another port than 4789 was sent in clear (ES-4).
ENCRYPTED_OTHER_PORT_ENGINE = 23


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
    vpc = read_vpc_of(reader, access.access)
    plan = ClusterPlan(
        vpc=vpc,
        machines=read_machines(reader, access),
        swarm=read_swarm(reader, vpc.cidr, networks),
        access=access,
        nodes=read_nodes(reader, tuple(Role)),
        networks=networks,
        encrypted=any(network.encrypted for network in networks)
        or reader.boolean("allow_encrypted_networks", default=False),
        tags=read_tags(reader),
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


def read_firewall(values: object, known: Sequence[str], problems: Problems) -> FirewallPlan:
    """Read the args of a firewall that stands alone."""
    reader = Reader(values, known, problems)
    return FirewallPlan(
        data_path_port=read_data_path_port(reader),
        encrypted=reader.boolean("encrypted", default=False),
        admin_cidrs=read_admin_cidrs(reader),
        tags=read_tags(reader),
    )


def read_group(values: object, known: Sequence[str], role: Role, problems: Problems) -> GroupPlan:
    """Read the args of the managers or the workers alone."""
    reader = Reader(values, known, problems)
    access = read_connection(reader, require_keys=role is Role.MANAGER)
    return GroupPlan(
        machines=read_machines(reader, access),
        swarm=read_swarm(reader, reader.network("vpc_cidr", DEFAULT_VPC), ()),
        access=access,
        nodes=read_nodes(reader, (role,)),
        tags=read_tags(reader),
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
        session_manager=reader.boolean("session_manager", default=False), tags=read_tags(reader)
    )
