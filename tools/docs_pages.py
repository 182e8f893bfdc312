"""Hooks of the docs build: pages and pictures that are made from the package itself."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from pulumi_swarm.picture import svg
from pulumi_swarm.picture.declared import declared
from pulumi_swarm.picture.model import OVER_THE_ZONES, Machine, Net, Picture, pool_role
from pulumi_swarm.plan.cluster import read_cluster
from pulumi_swarm.plan.problems import Problems

ROOT = Path(__file__).resolve().parent.parent
ARGUMENTS_HEAD = """# Every argument

Made from the package's schema, in the spelling of stack files, TypeScript and YAML; in Python the
names are in snake_case. What is left out has the default that its line tells.
"""
FIRST = ("SwarmCluster", "OverlayNetwork")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is made."""
    schema = json.loads((ROOT / "components/schema.json").read_text(encoding="utf-8"))
    files.append(File.generated(config, "arguments.md", content=arguments(schema)))
    files.append(File.generated(config, "picture.svg", content=svg.render(picture())))
    files.append(File.generated(config, "changes.svg", content=svg.render(changed(picture()))))
    return files


def arguments(schema: Mapping[str, Any]) -> str:
    """The page of all components, then of the objects inside them."""
    components = {
        name.rpartition(":")[2]: definition
        for name, definition in schema["resources"].items()
        if definition.get("isComponent")
    }
    order = [*FIRST, *sorted(components.keys() - set(FIRST))]
    lines = [ARGUMENTS_HEAD]
    for name in order:
        found = components[name]
        lines += [f"## {name}", "", found.get("description", ""), "", "### Inputs", ""]
        lines += _table(found["inputProperties"], found.get("requiredInputs", ()))
        lines += ["", "### Outputs", "", *_table(found["properties"], ()), ""]
    for name, found in sorted(schema["types"].items()):
        lines += [f"## {_short(name)}", "", *_table(found["properties"], found.get("required", ()))]
        lines += [""]
    return "\n".join(lines)


def _table(properties: Mapping[str, Any], required: Any) -> Iterator[str]:
    yield "| Name | Type | |"
    yield "| --- | --- | --- |"
    for name, found in sorted(properties.items()):
        text = " ".join(found.get("description", "").split()).replace("|", "\\|")
        needed = " **needed**" if name in required else ""
        yield f"| `{name}` | {_type(found)}{needed} | {text} |"


def _type(found: Mapping[str, Any]) -> str:
    if "items" in found:
        return f"list of {_type(found['items'])}"
    if "additionalProperties" in found:
        return f"map of {_type(found['additionalProperties'])}"
    reference = found.get("$ref", "")
    if reference.startswith("#/types/"):
        name = _short(reference)
        return f"[{name}](#{name.lower()})"
    return "anything" if reference else str(found.get("type", "anything"))


def _short(token: str) -> str:
    return token.rpartition(":")[2]


def picture() -> Picture:
    """The picture of the cluster that the quick start makes."""
    args = {
        "manager_count": 3,
        "worker_count": 2,
        "admin_cidrs": ["203.0.113.10/32"],
        "ssh_authorized_keys": ["ssh-ed25519 AAAA"],
        "networks": [
            {"name": "app"},
            {"name": "shared", "attachable": True},
            {"name": "secure", "encrypted": True, "subnet": "10.210.0.0/24"},
        ],
    }
    problems = Problems()
    plan = read_cluster(args, tuple(args), problems)
    if problems.found:
        raise ValueError(str(problems.found))
    return declared("swarm", plan)


def changed(before: Picture) -> Picture:
    """The same while a worker is replaced, a network goes and another comes, with its pool."""
    machines = [
        replace(machine, change="replaced") if machine.name == "swarm-worker-1" else machine
        for machine in before.machines
    ]
    pool = Machine(name="swarm-web", role=pool_role("2 to 4"), zone=OVER_THE_ZONES, change="added")
    networks = [
        replace(network, change="removed") if network.name == "app" else network
        for network in before.networks
    ]
    later = Net(name="later", details=("for services", "10.211.0.0/24"), change="added")
    return replace(before, machines=(*machines, pool), networks=(*networks, later))
