"""Bodies of requests to Docker's API for the networks that a node makes by itself."""

from collections.abc import Mapping
from typing import Any

from .daemon import GwbridgePlan
from .subnets import Subnet
from .swarm import IngressPlan

Body = dict[str, object]


def gwbridge_body(gwbridge: GwbridgePlan) -> Body:
    """Docker Engine API, NetworkCreate, for docker_gwbridge."""
    return {
        "Name": "docker_gwbridge",
        "Driver": "bridge",
        "IPAM": _ipam(gwbridge.subnet),
        "Options": gwbridge.options,
    }


def ingress_body(ingress: IngressPlan) -> Body:
    """Docker Engine API, NetworkCreate, for ingress."""
    return {
        "Name": "ingress",
        "Driver": "overlay",
        "Ingress": True,
        "IPAM": _ipam(ingress.subnet),
        "Options": ingress.options,
    }


def subnets_of(body: Mapping[str, Any]) -> list[str]:
    """The ranges of such a body, as a state or a preview holds it."""
    configs = (body.get("IPAM") or {}).get("Config") or ()
    return [str(config.get("Subnet", "")) for config in configs]


def _ipam(subnet: Subnet) -> Body:
    config = {"Subnet": str(subnet.network), "Gateway": str(subnet.gateway)}
    if subnet.ip_range is not None:
        config["IPRange"] = str(subnet.ip_range)
    return {"Config": [config]}
