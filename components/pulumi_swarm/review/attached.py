"""Who is on the networks of live swarms, asked of any manager of each."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_swarm.plan.overlay import VNI_OPTION
from pulumi_swarm.provider.docker_over_ssh import connect, dial
from pulumi_swarm.provider.swarm import UNREACHABLE

from .sentences import NETWORK, Attached, Live
from .steps import all_inputs, providers

PROVIDER = "pulumi:providers:docker"


def attached_to_networks(preview: Mapping[str, Any]) -> Attached:
    """Services and containers on each declared network, by the name of its resource.

    Each swarm has its provider, and is asked by that; None stands for what nobody could be asked
    about, and a network that its swarm does not know is left out.
    """
    ways = _ways(preview)
    by_provider: dict[str, dict[str, str]] = {}
    known = providers(preview, NETWORK)
    for resource, (before, _) in all_inputs(preview, NETWORK).items():
        if before is not None:
            provider = known.get(resource, next(iter(ways), ""))
            by_provider.setdefault(provider, {})[resource] = str(before.get("name", ""))
    found: dict[str, Live | None] = {}
    for provider, names in by_provider.items():
        live = _asked(ways[provider], list(names.values())) if provider in ways else None
        for resource, name in names.items():
            if live is None:
                found[resource] = None
            elif name in live:
                found[resource] = live[name]
    return found


def _asked(argv: list[str], names: list[str]) -> Mapping[str, Live] | None:
    """What a manager says of networks, by their names in Docker; None when none answers."""
    client = connect(argv, [])
    try:
        networks = client.networks(names=names)
        services = client.services()
        # Left to itself, the API leaves these out.
        containers = client.tasks(filters={"desired-state": "running", "runtime": "attachment"})
    except UNREACHABLE:
        return None
    return count(networks, services, containers)


def count(
    networks: Sequence[Any], services: Sequence[Any], containers: Sequence[Any]
) -> dict[str, Live]:
    """By network: services whose specification names it, and containers attached by themselves.

    Swarm keeps a task of the runtime "attachment" for each of those containers.
    """
    ids = {found["Id"]: found["Name"] for found in networks}
    by_service: dict[str, int] = dict.fromkeys(ids.values(), 0)
    alone: dict[str, int] = dict.fromkeys(ids.values(), 0)
    for service in services:
        for target in service["Spec"]["TaskTemplate"].get("Networks") or ():
            name = ids.get(target["Target"])
            if name is not None:
                by_service[name] += 1
    for task in containers:
        for attachment in task.get("NetworksAttachments") or ():
            name = ids.get(attachment["Network"]["ID"])
            if name is not None:
                alone[name] += 1
    return {
        found["Name"]: Live(
            services=by_service[found["Name"]],
            containers=alone[found["Name"]],
            vnis=tuple(int(vni) for vni in _vnis(found).split(",") if vni),
        )
        for found in networks
    }


def _vnis(network: Mapping[str, Any]) -> str:
    """One for each subnet, as swarm writes them into the network's options."""
    return str((network.get("Options") or {}).get(VNI_OPTION, ""))


def _ways(preview: Mapping[str, Any]) -> dict[str, list[str]]:
    """The Docker providers' own ways to their managers, by the providers' names."""
    found = {}
    for name, (before, _) in all_inputs(preview, PROVIDER).items():
        if before is None:
            continue
        options, host = before.get("sshOpts"), str(before.get("host", ""))
        if isinstance(options, str):
            options = json.loads(options)
        if options and host.startswith("ssh://"):
            found[name] = dial(options, host.removeprefix("ssh://"))
    return found
