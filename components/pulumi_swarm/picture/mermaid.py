"""A picture as a Mermaid flowchart, which GitHub, GitLab and most wikis draw."""

import json
from collections.abc import Iterator

from pulumi_swarm.plan.ports import Role

from .model import STAYS, Machine, Picture

CLASSES = {
    "added": "fill:#dafbe1,stroke:#1a7f37,color:#0b2e13",
    "changed in place": "fill:#ddf4ff,stroke:#0969da,color:#0a3069",
    "replaced": "fill:#fff8c5,stroke:#9a6700,color:#3b2300",
    "removed": "fill:#ffebe9,stroke:#cf222e,color:#4c0003,stroke-dasharray:4",
}


def render(picture: Picture) -> str:
    """The text of the flowchart."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    yield "flowchart TB"
    for z, zone in enumerate(picture.zones):
        yield f"  subgraph zone{z} [{_text(zone)}]"
        for machine in picture.machines_in(zone):
            left, right = ("[[", "]]") if machine.role == Role.MANAGER else ("[", "]")
            text = _text(machine.name, machine.role, machine.change)
            yield f"    {_key(machine)}{left}{text}{right}"
        yield "  end"
    for i, network in enumerate(picture.networks):
        words = (network.name, *network.details, network.users, network.change)
        yield f"  network{i}{{{{{_text(*words)}}}}}"
        if picture.machines:  # of a swarm made elsewhere there are none
            yield f"  network{i} -.- {' & '.join(_key(machine) for machine in picture.machines)}"
    for i, group in enumerate(picture.groups):
        openings = (f"{o.text} ({o.change})" if o.change else o.text for o in group.openings)
        yield f"  group{i}[/{_text(group.name, group.change, *openings)}/]"
        machines = picture.machines_of(group)
        if machines:
            yield f"  {' & '.join(_key(machine) for machine in machines)} --- group{i}"
    changes = list(_changes(picture))
    for key, change in changes:
        yield f"  class {key} {_class(change)}"
    for change in sorted({change for _, change in changes}):
        yield f"  classDef {_class(change)} {CLASSES[change]}"


def _changes(picture: Picture) -> Iterator[tuple[str, str]]:
    for machine in picture.machines:
        if machine.change != STAYS:
            yield _key(machine), machine.change
    for i, network in enumerate(picture.networks):
        if network.change != STAYS:
            yield f"network{i}", network.change
    for i, group in enumerate(picture.groups):
        if group.change != STAYS:
            yield f"group{i}", group.change


def _key(machine: Machine) -> str:
    return machine.name.replace("-", "_")


def _class(change: str) -> str:
    return change.replace(" ", "_")


def _text(*lines: str) -> str:
    """Quoted for Mermaid: names are the user's."""
    plain = "<br>".join(line for line in lines if line)
    return json.dumps(plain.replace('"', "#quot;"), ensure_ascii=False)
