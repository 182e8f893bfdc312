"""The program: a swarm with its overlay networks, from the stack's configuration."""

import asyncio
import gc
import json
from pathlib import Path
from typing import Any, NotRequired

import pulumi
from pulumi.runtime.config import get_config_env

# What is imported and registered from here on stays to the end. Looking through it again and again,
# and once more when the program ends, took a sixth of a preview.
gc.disable()

from pulumi_swarm import SwarmCluster, SwarmClusterArgs  # noqa: E402
from pulumi_swarm.plan.reader import camel  # noqa: E402

# All other inputs are JSON in the configuration.
STRINGS = (NotRequired[str], NotRequired[pulumi.Input[str]])


def configured() -> dict[str, Any]:
    """The stack's configuration as args; what is empty in Pulumi.yaml is not given.

    Keys that are no input are passed on: the component refuses them by name.
    """
    names = {camel(name): name for name in SwarmClusterArgs.__annotations__}
    prefix = f"{pulumi.get_project()}:"
    found: dict[str, Any] = {}
    for key, text in get_config_env().items():
        if key.startswith(prefix) and text not in ("", "[]", "{}"):
            name = names.get(key.removeprefix(prefix), key.removeprefix(prefix))
            kind = SwarmClusterArgs.__annotations__.get(name, NotRequired[str])
            found[name] = text if kind in STRINGS else json.loads(text)
    return found


args = configured()
identity = args.get("ssh_identity_file")
if identity and "ssh_authorized_keys" not in args:
    args["ssh_authorized_keys"] = [Path(f"{identity}.pub").expanduser().read_text().strip()]

cluster = SwarmCluster("swarm", args)

for name in SwarmCluster.__annotations__:
    if name != "docker_ssh_opts":  # long, and of use to a Docker provider alone
        pulumi.export(name, getattr(cluster, name))


async def begin_registrations() -> None:
    """Let every registration begin before Pulumi's SDK waits for the outputs.

    It waits for registrations one by one, if there are any by then, and else for all outputs at
    once: sixty for each machine, gone through whenever one of them comes, which took a quarter of a
    preview of 50 nodes (docs/performance.md).
    """
    await asyncio.sleep(0)
    gc.freeze()
    gc.enable()


pulumi.run(begin_registrations)
