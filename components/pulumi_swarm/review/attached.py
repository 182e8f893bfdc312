"""Who is on the networks of a live swarm, asked of any manager."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_swarm.plan.overlay import VNI_OPTION
from pulumi_swarm.provider.docker_over_ssh import connect, dial
from pulumi_swarm.provider.swarm import UNREACHABLE

from .sentences import NETWORK, Attached, Live
from .steps import all_inputs

PROVIDER = "pulumi:providers:docker"


def attached_to_networks(preview: Mapping[str, Any]) -> Attached | None:
    """Services and containers on each declared network; None when no manager answers."""
    argv = _ssh(preview)
    if argv is None:
        return None
    client = connect(argv, [])
    names = [
        before.get("name", "") for before, _ in all_inputs(preview, NETWORK).values() if before
    ]
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


def _ssh(preview: Mapping[str, Any]) -> list[str] | None:
    """The Docker provider's own way to the managers, from its inputs."""
    for before, _ in all_inputs(preview, PROVIDER).values():
        if before is None:
            continue
        options, host = before.get("sshOpts"), str(before.get("host", ""))
        if isinstance(options, str):
            options = json.loads(options)
        if options and host.startswith("ssh://"):
            return dial(options, host.removeprefix("ssh://"))
    return None
