"""Renew the config section of Pulumi.yaml from the args of SwarmCluster.

Usage: project-config.py; what an input does when it is not given is read from
its description ("3 when not given"). Without a default Pulumi would demand a
value of every stack, so what is left out on purpose is empty here, and the
program does not pass it on. A number cannot be empty: those that follow from
other inputs are not declared.
"""

import json
import re
import textwrap
from pathlib import Path
from typing import Any

from pulumi_swarm import SwarmClusterArgs
from pulumi_swarm.components import component_provider
from pulumi_swarm.plan.reader import camel

PROJECT = Path("Pulumi.yaml")
EMPTY = {"string": '""', "array": "[]", "object": "{}"}
DEFAULT = re.compile(r"(?:^|[.;:] )(\S+) when not given(?:\.|;|$)")
LINE = 94  # characters, less the indentation


def entry(name: str, found: dict[str, Any]) -> list[str]:
    kind = found.get("type", "object")
    description = " ".join(found["description"].split())
    default = default_of(kind, description)
    if default is None:
        return []
    item = found.get("items", {}).get("type", "object")
    return [
        f"  {name}:",
        f"    type: {kind}",
        *(["    items:", f"      type: {item}"] if kind == "array" else []),
        "    description: >-",
        *(f"      {line}" for line in textwrap.wrap(description, LINE, break_on_hyphens=False)),
        f"    default: {default}",
    ]


def default_of(kind: str, description: str) -> str | None:
    """The default as YAML; None for a number that follows from other inputs."""
    said = DEFAULT.search(description)
    if said is None or said[1] == "None":
        return EMPTY.get(kind)
    form = {"integer": r"\d+", "boolean": r"true|false", "string": r"\S+"}.get(kind)
    return said[1] if form and re.fullmatch(form, said[1]) else EMPTY.get(kind)


def main() -> None:
    schema = json.loads(component_provider().schema or "")
    inputs = schema["resources"]["swarm:index:SwarmCluster"]["inputProperties"]
    lines = [
        line
        for name in map(camel, SwarmClusterArgs.__annotations__)
        for line in entry(name, inputs[name])
    ]
    text = PROJECT.read_text(encoding="utf-8")
    head = text[: text.index("\nconfig:\n")]
    PROJECT.write_text("\n".join([head, "config:", *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
