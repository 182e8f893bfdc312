"""The managers, the workers or a pool alone: what their machines are launched with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .access import AccessPlan, read_connection
from .addresses import DEFAULT_VPC
from .daemon import DaemonPlan, read_daemon, with_labels
from .encryption import check_encryption
from .machines import MachinePlan, read_machines
from .nodes import NodePlan, read_nodes, read_parallelism
from .pools import PoolPlan, read_pool
from .ports import Role
from .problems import Problems
from .ranges import read_ranges
from .reader import Reader
from .swarm import SwarmPlan, read_swarm
from .tags import read_tags


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlan:
    """One role's nodes and what they are launched with."""

    machines: MachinePlan
    swarm: SwarmPlan
    daemon: DaemonPlan
    access: AccessPlan
    nodes: tuple[NodePlan, ...]
    parallelism: int
    tags: Mapping[str, str]

    @property
    def machines_by_node(self) -> dict[str, str]:
        """What Rollout tells one machine from its successor by: all that replaces a machine."""
        return {
            node.key: (
                f"generation {node.generation}, {self.machines.instance_type(node.role)}"
                f"{', spot' if node.spot else ''}"
            )
            for node in self.nodes
        }


def read_group(values: object, known: Sequence[str], role: Role, problems: Problems) -> GroupPlan:
    """Read the args of the managers or the workers alone."""
    reader = Reader(values, known, problems)
    access = read_connection(reader, require_keys=role is Role.MANAGER)
    machines = read_machines(reader, access)
    nodes = read_nodes(reader, (role,))
    # Never two managers at once: the others must agree while one is away.
    parallelism = read_parallelism(reader) if role is Role.WORKER else 1
    group = replace(
        _group(reader, access, machines, len(nodes)), nodes=nodes, parallelism=parallelism
    )
    if group.swarm.ingress.encrypted:
        check_encryption(reader, machines, group.swarm, group.daemon, nodes)
    return group


def read_pool_group(
    values: object, known: Sequence[str], problems: Problems
) -> tuple[GroupPlan, PoolPlan]:
    """Read the args of a pool that sizes itself, alone."""
    reader = Reader(values, known, problems)
    access = read_connection(reader, require_keys=False)
    pool = read_pool(reader)
    machines = read_machines(reader, access, pool.instance_types)
    group = _group(reader, access, machines, pool.max_size)
    return replace(group, daemon=with_labels(group.daemon, pool.engine_labels)), pool


def _group(reader: Reader, access: AccessPlan, machines: MachinePlan, most: int) -> GroupPlan:
    """What a group of at most so many machines is launched with; no node of its own yet."""
    known_vpc = reader.network("vpc_cidr", DEFAULT_VPC) if reader.has("vpc_cidr") else None
    ranges = read_ranges(reader, known_vpc)
    return GroupPlan(
        machines=machines,
        swarm=read_swarm(reader, ranges, machines.underlay_mtu, most),
        daemon=read_daemon(reader, ranges, machines.underlay_mtu),
        access=access,
        nodes=(),
        parallelism=1,
        tags=read_tags(reader),
    )
