"""A Docker Swarm with overlay networks on AWS, as Pulumi components.

Names are imported when they are first used: the plugin serves resources most
of the time, and need not wait for the AWS SDK that only components use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .autoscaled import AutoscaledWorkerPool, AutoscaledWorkerPoolArgs
    from .cluster import SwarmCluster
    from .cluster_args import SwarmClusterArgs
    from .errors import SwarmInputError
    from .firewall import SwarmFirewall, SwarmFirewallArgs
    from .join import SwarmJoin, SwarmJoinArgs
    from .managers import ManagerSet, ManagerSetArgs
    from .network import OverlayNetwork, OverlayNetworkArgs
    from .resources import Node, OverlayProbe, Rollout, SshHostKey, SwarmSettings, SwarmSpec
    from .vpc import SwarmVpc, SwarmVpcArgs
    from .workers import WorkerPool, WorkerPoolArgs

_HOMES = {
    "AutoscaledWorkerPool": "autoscaled",
    "AutoscaledWorkerPoolArgs": "autoscaled",
    "ManagerSet": "managers",
    "ManagerSetArgs": "managers",
    "Node": "resources",
    "OverlayNetwork": "network",
    "OverlayNetworkArgs": "network",
    "OverlayProbe": "resources",
    "Rollout": "resources",
    "SshHostKey": "resources",
    "SwarmCluster": "cluster",
    "SwarmClusterArgs": "cluster_args",
    "SwarmFirewall": "firewall",
    "SwarmFirewallArgs": "firewall",
    "SwarmInputError": "errors",
    "SwarmJoin": "join",
    "SwarmJoinArgs": "join",
    "SwarmSettings": "resources",
    "SwarmSpec": "resources",
    "SwarmVpc": "vpc",
    "SwarmVpcArgs": "vpc",
    "WorkerPool": "workers",
    "WorkerPoolArgs": "workers",
}

__all__ = [
    "AutoscaledWorkerPool",
    "AutoscaledWorkerPoolArgs",
    "ManagerSet",
    "ManagerSetArgs",
    "Node",
    "OverlayNetwork",
    "OverlayNetworkArgs",
    "OverlayProbe",
    "Rollout",
    "SshHostKey",
    "SwarmCluster",
    "SwarmClusterArgs",
    "SwarmFirewall",
    "SwarmFirewallArgs",
    "SwarmInputError",
    "SwarmJoin",
    "SwarmJoinArgs",
    "SwarmSettings",
    "SwarmSpec",
    "SwarmVpc",
    "SwarmVpcArgs",
    "WorkerPool",
    "WorkerPoolArgs",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
