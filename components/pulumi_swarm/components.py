"""The components that the plugin serves, and the schema of the whole package."""

from pulumi.provider.experimental.component import ComponentProvider

from .autoscaled import AutoscaledWorkerPool
from .cluster import SwarmCluster
from .firewall import SwarmFirewall
from .join import SwarmJoin
from .managers import ManagerSet
from .network import OverlayNetwork
from .provider.schema import complete
from .resources import PLUGIN_VERSION
from .vpc import SwarmVpc
from .workers import WorkerPool

COMPONENTS = [
    SwarmCluster,
    SwarmVpc,
    SwarmFirewall,
    SwarmJoin,
    ManagerSet,
    WorkerPool,
    AutoscaledWorkerPool,
    OverlayNetwork,
]


def component_provider() -> ComponentProvider:
    """The components, with the schema of the whole package."""
    provider = ComponentProvider(COMPONENTS, "swarm", version=PLUGIN_VERSION)
    provider.schema = complete(provider)
    return provider
