"""A Docker Swarm with overlay networks on AWS, as Pulumi components."""

from .cluster import SwarmCluster, SwarmClusterArgs
from .errors import SwarmInputError
from .firewall import SwarmFirewall, SwarmFirewallArgs
from .join import SwarmJoin, SwarmJoinArgs
from .managers import ManagerSet, ManagerSetArgs
from .network import OverlayNetwork, OverlayNetworkArgs
from .resources import Node, SshHostKey, SwarmSettings
from .vpc import SwarmVpc, SwarmVpcArgs
from .workers import WorkerPool, WorkerPoolArgs

__all__ = [
    "ManagerSet",
    "ManagerSetArgs",
    "Node",
    "OverlayNetwork",
    "OverlayNetworkArgs",
    "SshHostKey",
    "SwarmCluster",
    "SwarmClusterArgs",
    "SwarmFirewall",
    "SwarmFirewallArgs",
    "SwarmInputError",
    "SwarmJoin",
    "SwarmJoinArgs",
    "SwarmSettings",
    "SwarmVpc",
    "SwarmVpcArgs",
    "WorkerPool",
    "WorkerPoolArgs",
]
