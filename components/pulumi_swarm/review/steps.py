"""The steps of ``pulumi preview --json``, each with what it was and what it will be."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TextIO

State = Mapping[str, Any]
LATER = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # the engine's own stand-in for what it cannot know


class Change(StrEnum):
    """What happens to a resource."""

    ADD = "added"
    CHANGE = "changed in place"
    REPLACE = "replaced"
    REMOVE = "removed"


# The engine's own words; "create-replacement" and "delete-replaced" are parts of a replacement.
_CHANGES = {
    "create": Change.ADD,
    "update": Change.CHANGE,
    "replace": Change.REPLACE,
    "delete": Change.REMOVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One resource that does not stay as it is. ``owners`` are the types of those it is inside."""

    kind: str
    name: str
    owners: tuple[str, ...]
    change: Change
    before: State
    after: State
    differences: tuple[str, ...]


def read_steps(preview: Mapping[str, Any]) -> list[Step]:
    """Every change, by name. Components say nothing that their children do not."""
    return sorted(_steps(preview.get("steps") or ()), key=lambda step: (step.kind, step.name))


def read_preview(stream: TextIO) -> Mapping[str, Any] | None:
    """A preview as Pulumi prints it; None when that is none."""
    try:
        found = json.load(stream)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def errors(preview: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The diagnostics for which a preview counts as failed."""
    return [
        item
        for item in preview.get("diagnostics") or ()
        if item.get("severity") in ("error", "fatal")
    ]


def read_failures(preview: Mapping[str, Any]) -> list[str]:
    """What the preview could not find out, or refused."""
    texts = (str(item.get("message", "")).strip() for item in errors(preview))
    return list(dict.fromkeys(text for text in texts if text))


def all_inputs(
    preview: Mapping[str, Any], kind: str
) -> dict[str, tuple[State | None, State | None]]:
    """Of every resource of a type, also those that stay: its inputs before and after, by name."""
    found: dict[str, tuple[State | None, State | None]] = {}
    for step in preview.get("steps") or ():
        type_, name, _ = _identity(step["urn"])
        if type_ != kind or step["op"] in ("create-replacement", "delete-replaced", "read"):
            continue
        before, after = step.get("oldState"), step.get("newState")
        found[name] = (
            None if step["op"] == "create" else _inputs(before or after),
            None if step["op"] == "delete" else _inputs(after or before),
        )
    return dict(sorted(found.items()))  # the engine reports in no order


def _steps(steps: Sequence[Mapping[str, Any]]) -> Iterator[Step]:
    for step in steps:
        change = _CHANGES.get(step["op"])
        if change is None:
            continue
        before, after = step.get("oldState"), step.get("newState")
        if not (after or before or {}).get("custom", False):
            continue
        kind, name, owners = _identity(step["urn"])
        differences = sorted(step.get("detailedDiff") or {}) or sorted(
            step.get("diffReasons") or ()
        )
        yield Step(
            kind=kind,
            name=name,
            owners=owners,
            change=change,
            before=_inputs(before),
            after=_inputs(after),
            differences=tuple(differences),
        )


def _inputs(state: Mapping[str, Any] | None) -> State:
    return {} if state is None else state.get("inputs") or {}


def outputs(preview: Mapping[str, Any], kind: str) -> Iterator[tuple[str, State]]:
    """Of every resource of a type that is there: its name and its outputs before the update."""
    for step in preview.get("steps") or ():
        type_, name, _ = _identity(step["urn"])
        found = (step.get("oldState") or {}).get("outputs")
        if type_ == kind and found:
            yield name, found


def providers(preview: Mapping[str, Any], kind: str) -> dict[str, str]:
    """Of every resource of a type that is there: the name of its provider, by its own name."""
    found = {}
    for step in preview.get("steps") or ():
        type_, name, _ = _identity(step["urn"])
        provider = (step.get("oldState") or {}).get("provider")
        if type_ == kind and provider:
            found[name] = str(provider).rpartition("::")[0].rpartition("::")[2]
    return found


def within(preview: Mapping[str, Any], kind: str, owner: str) -> set[str]:
    """The names of the resources of a type that are inside a component of another."""
    found = (_identity(step["urn"]) for step in preview.get("steps") or ())
    return {name for type_, name, owners in found if type_ == kind and owner in owners}


def _identity(urn: str) -> tuple[str, str, tuple[str, ...]]:
    _, _, kinds, name = urn.split("::", 3)
    *owners, kind = kinds.split("$")
    return kind, name, tuple(owners)
