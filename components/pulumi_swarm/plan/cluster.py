"""A whole cluster as one plan: every input read, checked alone and against the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .access import AccessPlan, read_access
from .addresses import NamedRange
from .bodies import gwbridge_body, ingress_body
from .daemon import DaemonPlan, read_daemon
from .encryption import check_encryption
from .groups import GroupPlan
from .machines import MachinePlan, read_machines
from .nodes import NodePlan, read_nodes, read_parallelism
from .overlay import Overlay, Surroundings, read_overlay
from .parts import check_given_groups
from .policies import check_policy_arns
from .pools import PoolPlan, check_pool_labels, read_pools
from .ports import Role
from .probe import ProbePlan, read_probes
from .problems import Problems
from .ranges import Ranges, read_ranges, read_subnet_size
from .reader import Reader
from .spec import SpecPlan, read_spec
from .subnets import Subnet
from .swarm import SwarmPlan, read_swarm
from .tags import read_tags
from .vpc import VpcPlan, read_vpc_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    """All of a cluster. Only a plan without problems is ever built."""

    vpc: VpcPlan
    machines: MachinePlan
    ranges: Ranges
    swarm: SwarmPlan
    daemon: DaemonPlan
    spec: SpecPlan
    access: AccessPlan
    nodes: tuple[NodePlan, ...]
    parallelism: int
    pools: tuple[PoolPlan, ...]
    networks: tuple[Overlay, ...]
    probes: ProbePlan
    encrypted: bool
    tags: Mapping[str, str]

    @property
    def chosen(self) -> dict[str, object]:
        """What was chosen for want of a value, as args for the parts.

        None of them knows enough of the others to choose the same.
        """
        ingress, gwbridge = self.swarm.ingress, self.daemon.gwbridge
        return {
            "underlay_mtu": self.machines.underlay_mtu,
            "default_addr_pool": [str(pool) for pool in self.swarm.default_addr_pool],
            "bip": str(self.ranges.bip),
            "default_address_pools": [pool.as_given for pool in self.ranges.local_pools],
            "docker_gwbridge": {
                **_subnet_args(gwbridge.subnet),
                "mtu": gwbridge.mtu,
                "icc": gwbridge.icc,
                "ip_masquerade": gwbridge.ip_masquerade,
            },
            "ingress": {
                **_subnet_args(ingress.subnet),
                "mtu": ingress.mtu,
                "encrypted": ingress.encrypted,
            },
        }

    @property
    def settings(self) -> dict[str, object]:
        """What is said once, as SwarmSettings takes it."""
        return {
            "defaultAddrPool": [str(pool) for pool in self.swarm.default_addr_pool],
            "subnetSize": self.swarm.subnet_size,
            "dataPathPort": self.swarm.data_path_port,
            "dockerGwbridge": gwbridge_body(self.daemon.gwbridge),
            "bip": str(self.ranges.bip),
            "nodes": {
                node.key: {
                    "generation": node.generation,
                    "advertiseAddr": str(node.advertise_addr or ""),
                }
                for node in self.nodes
            },
            "pools": {pool.name: {"generation": pool.generation} for pool in self.pools},
        }

    @property
    def specification(self) -> dict[str, object]:
        """What the live swarm is held against, as SwarmSpec takes it."""
        return {**self.spec.inputs, "ingress": ingress_body(self.swarm.ingress)}

    def group(self, role: Role) -> GroupPlan:
        """The part of the plan that is about one role's nodes."""
        return GroupPlan(
            machines=self.machines,
            swarm=self.swarm,
            daemon=self.daemon,
            access=self.access,
            nodes=tuple(node for node in self.nodes if node.role is role),
            parallelism=self.parallelism,
            tags=self.tags,
        )


# Inputs that users look for, and why there is none.
REFUSED = {
    "log_driver": "no released engine keeps it, the Engine API drops it (moby#53396); set "
    "daemonLogDriver, which is the default of every task too",
    "manager_spot": "managers on spot machines lose the quorum together; use workerSpot",
    "advertise_addr": "it differs from node to node: set nodeAdvertiseAddrs, or leave it out for "
    "each node's private address",
    "docker_host": "it is an output: Docker is reached by ssh with the managers' pinned host key, "
    "never by an open TCP port; set access",
    "join_token": "nodes fetch tokens by themselves, so that none is in the state; leave it out",
    "security_group_ids": "rules are made one by one beside the groups' own; add yours to the two "
    "groups, which are outputs, or give both groups: managerSecurityGroupId, workerSecurityGroupId",
}


def read_cluster(values: object, known: Sequence[str], problems: Problems) -> ClusterPlan:
    """Read the args of a cluster; the plan is good only when there are no problems."""
    reader = Reader(values, known, problems, refused=REFUSED)
    access = read_access(reader)
    pools = read_pools(reader)
    machines = read_machines(reader, access, [t for pool in pools for t in pool.instance_types])
    nodes = read_nodes(reader, tuple(Role))
    most_nodes = len(nodes) + sum(pool.max_size for pool in pools)
    networks = _networks(reader, most_nodes, machines.underlay_mtu)
    vpc = read_vpc_of(reader, access.access)
    ranges = read_ranges(reader, vpc.cidr, _declared(networks))
    swarm = read_swarm(reader, ranges, machines.underlay_mtu, most_nodes)
    plan = ClusterPlan(
        vpc=vpc,
        machines=machines,
        ranges=ranges,
        swarm=swarm,
        daemon=read_daemon(reader, ranges, machines.underlay_mtu),
        spec=read_spec(reader),
        access=access,
        nodes=nodes,
        parallelism=read_parallelism(reader),
        pools=pools,
        networks=networks,
        probes=read_probes(reader, [network.name for network in networks]),
        encrypted=swarm.ingress.encrypted
        or any(network.encrypted for network in networks)
        or reader.boolean("allow_encrypted_networks", default=False),
        tags=read_tags(reader, of_roles=True),
    )
    check_policy_arns(reader)
    check_pool_labels(reader, pools, plan.daemon)
    check_given_groups(reader)
    if reader.has("manager_security_group_id") and vpc.vpc_id is None:
        reader.wrong(
            "manager_security_group_id",
            "needs vpcId, because a group belongs to a VPC",
            "give the VPC of the two groups, or leave them out",
        )
    if plan.encrypted:
        check_encryption(reader, machines, swarm, plan.daemon, nodes)
    _check_pool(reader, plan)
    return plan


def _subnet_args(subnet: Subnet) -> dict[str, object]:
    found: dict[str, object] = {"subnet": str(subnet.network), "gateway": str(subnet.gateway)}
    if subnet.ip_range is not None:
        found["ip_range"] = str(subnet.ip_range)
    return found


def _networks(reader: Reader, nodes: int, underlay_mtu: int) -> tuple[Overlay, ...]:
    swarm = Surroundings(
        nodes=nodes, underlay_mtu=underlay_mtu, subnet_size=read_subnet_size(reader)
    )
    networks = tuple(
        read_overlay(item, reader.problems, f"{reader.path('networks')}[{i}]", swarm)
        for i, item in enumerate(reader.sequence("networks"))
    )
    first: dict[str, int] = {}
    for i, network in enumerate(networks):
        name = network.name.lower()
        if name and name in first:
            reader.problems.add(
                f"{reader.path('networks')}[{i}].name",
                network.name,
                f"must be unique, whatever the case, and networks[{first[name]}] has it too",
                "choose another name",
            )
        first.setdefault(name, i)
    return networks


def _declared(networks: Sequence[Overlay]) -> list[NamedRange]:
    """The subnets of the networks, each by the path of its input."""
    remedy = "choose another subnet, or leave it out and swarm takes one from its pool"
    return [
        NamedRange(path=subnet.path, network=subnet.network, remedy=remedy)
        for network in networks
        for subnet in network.subnets
    ]


def _check_pool(reader: Reader, plan: ClusterPlan) -> None:
    """Docker would make as many networks as the pool has room for, and refuse the others."""
    size, pools = plan.swarm.subnet_size, plan.swarm.default_addr_pool
    room = sum(1 << max(size - pool.prefixlen, 0) for pool in pools)
    taken = sum(not network.subnets for network in plan.networks)
    if taken > room and not reader.problems.found:  # a subnet that is wrong is none
        reader.wrong(
            "default_addr_pool",
            f"must hold the {taken} networks that have no subnet of their own, and has room for "
            f"{room} of /{size}",
            "choose a larger pool or a longer subnetSize, or give networks a subnet",
            [str(pool) for pool in pools],
        )
