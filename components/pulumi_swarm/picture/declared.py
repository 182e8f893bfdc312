"""The picture of a cluster as its args declare it; pure."""

from pulumi_swarm.plan.cluster import ClusterPlan
from pulumi_swarm.plan.ports import ESP, Role, swarm_ports

from .model import Machine, Net, Opening, Picture, network_details


def declared(name: str, plan: ClusterPlan) -> Picture:
    """What ``plan`` asks for; zones that AWS chooses are numbered."""
    zones = plan.vpc.zones or [f"zone {i + 1}" for i in range(plan.vpc.zone_count)]
    ports = swarm_ports(data_path_port=plan.swarm.data_path_port, encrypted=plan.encrypted)
    openings = [
        f"between nodes: {f'IP protocol {ESP}' if p.port is None else f'{p.port}/{p.protocol}'}"
        f" ({p.purpose})"
        for p in ports
    ]
    openings += [f"from {cidr}: 22/tcp to managers" for cidr in plan.access.admin_cidrs]
    ingress = plan.swarm.ingress
    return Picture(
        name=name,
        machines=tuple(
            Machine(name=f"{name}-{node.key}", role=node.role, zone=zones[node.index % len(zones)])
            for node in plan.nodes
        )
        + tuple(
            Machine(
                name=f"{name}-{pool.name}",
                role=f"{pool.min_size} to {pool.max_size} {Role.WORKER}s",
                zone="over the zones",
            )
            for pool in plan.pools
        ),
        networks=(
            Net(
                name="ingress",
                details=(
                    "published ports",
                    str(ingress.subnet.network),
                    f"MTU {ingress.mtu}",
                    *(["encrypted"] if ingress.encrypted else []),
                ),
            ),
            *(
                Net(
                    name=network.name,
                    details=network_details(
                        subnets=[str(subnet.network) for subnet in network.subnets],
                        mtu=network.mtu,
                        encrypted=network.encrypted,
                        attachable=network.attachable,
                        internal=network.internal,
                    ),
                )
                for network in plan.networks
            ),
        ),
        openings=tuple(Opening(text=text) for text in openings),
    )
