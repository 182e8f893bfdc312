"""Pools that size themselves, in sentences; pure."""

from collections.abc import Sequence

from .steps import Change, State, Step
from .words import which

GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"  # of a group; its name is the group's


def sentences(steps: Sequence[Step]) -> list[tuple[str, bool]]:
    """Pools that size themselves, each with whether machines of it end."""
    of = renewed(steps)
    return [_pool(step, refreshed=step.name in of) for step in steps if step.kind == GROUP]


def renewed(steps: Sequence[Step]) -> set[str]:
    """The pools that stay, and whose machines are replaced by an instance refresh."""
    templates = {s.name for s in steps if s.kind == TEMPLATE and s.change is Change.REPLACE}
    return {
        step.name
        for step in steps
        if step.kind == GROUP
        and step.change is Change.CHANGE
        and (step.name in templates or _types(step.before) != _types(step.after))
    }


def _pool(step: Step, *, refreshed: bool) -> tuple[str, bool]:
    before, after = bounds(step.before), bounds(step.after)
    types = _types(step.before), _types(step.after)
    fewer = _size(step.after, "maxSize") < _size(step.before, "maxSize")
    sized = f"; it has {after} workers then, where it had {before}" if before != after else ""
    match step.change:
        case Change.ADD:
            return f"pool `{step.name}` is added: {after} workers join by themselves", False
        case Change.REMOVE:
            return f"pool `{step.name}` is removed: its {before} workers leave and end", True
        case Change.REPLACE:
            said = (
                f"pool `{step.name}` is replaced{which(step)}: its {before} workers leave and end"
            )
            return said, True
    if refreshed:
        why = f" ({types[0]} → {types[1]})" if types[0] != types[1] else ""
        how = "has its machines replaced by an instance refresh"
        return f"pool `{step.name}` {how}{why}{sized}", True
    if sized:
        return f"pool `{step.name}` has {after} workers, where it had {before}", fewer
    return f"pool `{step.name}` is {step.change}{which(step)}", False


def _types(group: State) -> str:
    """The instance types of a pool, in their order."""
    template = (group.get("mixedInstancesPolicy") or {}).get("launchTemplate") or {}
    return ", ".join(str(o.get("instanceType")) for o in template.get("overrides") or ())


def _size(group: State, name: str) -> float:
    """A bound; one that is known after the update only counts as none."""
    value = group.get(name)
    return value if isinstance(value, int | float) else 0


def bounds(group: State) -> str:
    """The fewest and the most machines."""
    return f"{_size(group, 'minSize'):g} to {_size(group, 'maxSize'):g}"
