"""The components that the plugin serves, and the schema of the whole package."""

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
from pulumi.provider.experimental.analyzer import ComponentDefinition, PropertyDefinition
from pulumi.provider.experimental.component import ComponentProvider

from .args import computed, raise_for
from .autoscaled import AutoscaledWorkerPool
from .cluster import SwarmCluster
from .firewall import SwarmFirewall
from .join import SwarmJoin
from .managers import ManagerSet
from .network import OverlayNetwork
from .plan.problems import Problems
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


class SwarmComponents(ComponentProvider):
    """Pulumi's own, which would lose what comes as an output where a plain value is needed."""

    def __init__(self) -> None:
        super().__init__(COMPONENTS, "swarm", version=PLUGIN_VERSION)

    def map_inputs(self, inputs: Any, component_def: ComponentDefinition) -> Any:
        """Refuse such outputs, as the component itself does where it is imported (PY-8)."""
        problems = Problems()
        for name, definition in component_def.inputs.items():
            if name in inputs:
                for path in self._misplaced(inputs[name], definition, name):
                    computed(path, problems)
        raise_for(problems, component_def.name)
        return super().map_inputs(inputs, component_def)

    def _misplaced(
        self, value: object, definition: PropertyDefinition | None, path: str
    ) -> Iterator[str]:
        """The paths of outputs where only a plain value will do."""
        if definition is None:
            return
        if isinstance(value, pulumi.Output):
            if definition.plain:
                yield path
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._misplaced(item, definition.items, f"{path}[{index}]")
        elif isinstance(value, Mapping):
            known = self.get_type_definition(definition) if definition.ref else None
            for key, item in value.items():
                inner = known.properties.get(key) if known else definition.additional_properties
                yield from self._misplaced(item, inner, f"{path}.{key}")


def component_provider() -> SwarmComponents:
    """The components, with the schema of the whole package."""
    provider = SwarmComponents()
    provider.schema = complete(provider)
    return provider
