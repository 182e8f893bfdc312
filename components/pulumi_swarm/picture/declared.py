"""The picture of a cluster as its args declare it; pure."""

from collections.abc import Iterator
from typing import Any, cast

from pulumi_swarm.plan.cluster import ClusterPlan
from pulumi_swarm.plan.ports import ESP, SSH_PORT, Role, swarm_ports

from .model import (
    OVER_THE_ZONES,
    Group,
    Machine,
    Net,
    Opening,
    Picture,
    group_title,
    network_details,
    own_networks,
    pool_role,
)


def declared(name: str, plan: ClusterPlan) -> Picture:
    """What ``plan`` asks for; zones that AWS chooses are numbered."""
    return Picture(
        name=name,
        machines=tuple(_machines(name, plan)),
        networks=(*_own(plan), *_networks(plan)),
        groups=tuple(
            Group(name=group_title(role), role=role, openings=tuple(_openings(plan, role)))
            for role in Role
        ),
    )


def _machines(name: str, plan: ClusterPlan) -> Iterator[Machine]:
    # Given subnets are taken in turn; which zones they are in, AWS knows.
    count = len(plan.vpc.subnet_ids) or plan.vpc.zone_count
    numbered = "subnet" if plan.vpc.subnet_ids else "zone"
    zones = plan.vpc.zones or [f"{numbered} {i + 1}" for i in range(count)]
    for node in plan.nodes:
        zone = zones[node.index % len(zones)]
        yield Machine(name=f"{name}-{node.key}", role=node.role, zone=zone)
    for pool in plan.pools:
        role = pool_role(f"{pool.min_size} to {pool.max_size}")
        yield Machine(name=f"{name}-{pool.name}", role=role, zone=OVER_THE_ZONES)


def _own(plan: ClusterPlan) -> Iterator[Net]:
    bodies = plan.specification["ingress"], plan.settings["dockerGwbridge"]
    ingress, gwbridge = (cast("dict[str, Any]", body) for body in bodies)
    # What is declared changes nothing by itself.
    yield from own_networks((ingress, ingress), (gwbridge, gwbridge))


def _networks(plan: ClusterPlan) -> Iterator[Net]:
    for network in plan.networks:
        yield Net(
            name=network.name,
            details=network_details(
                subnets=[str(subnet.network) for subnet in network.subnets],
                mtu=network.mtu,
                encrypted=network.encrypted,
                attachable=network.attachable,
                internal=network.internal,
            ),
        )


def _openings(plan: ClusterPlan, role: Role) -> Iterator[Opening]:
    ports = swarm_ports(data_path_port=plan.swarm.data_path_port, encrypted=plan.encrypted)
    for port in ports:
        if role in port.to_roles:
            traffic = f"IP protocol {ESP}" if port.port is None else f"{port.port}/{port.protocol}"
            yield Opening(text=f"{traffic} from nodes ({port.purpose})")
    if role is Role.MANAGER:
        for cidr in plan.access.admin_cidrs:
            yield Opening(text=f"{SSH_PORT}/tcp from {cidr} (administration)")
