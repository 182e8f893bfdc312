"""The package's resources, each as what is done with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import host_key, node, probe, rollout, settings, spec

State = dict[str, Any]
Refusals = list[tuple[str, str]]


def _nothing_refused(_old: State, _new: State) -> Refusals:
    return []


def _as_it_was(_resource_id: str, state: State) -> State | None:
    return state


def _any_replacement(_state: State) -> None:
    return None


def _any_change(_old: State, _new: State) -> None:
    return None


def _finished(_state: State) -> bool:
    return False


def _nothing_to_change(_resource_id: str, _old: State, _new: State) -> State:
    return {}


def _nothing_to_remove(_resource_id: str, _state: State) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is done with resources of one type.

    ``inputs`` are those whose change is a change; a change of ``replaces`` is
    a replacement. What ``is_unfinished`` has a change to come. ``outputs`` are
    known after the update; a preview of an update keeps them, except where one
    of ``renews`` changes. What ``is_pure`` is carried out in a preview too.
    """

    create: Callable[[State], tuple[str, State]]
    read: Callable[[str, State], State | None] = _as_it_was
    update: Callable[[str, State, State], State] = _nothing_to_change
    delete: Callable[[str, State], None] = _nothing_to_remove
    refusals: Callable[[State, State], Refusals] = _nothing_refused
    check_replacement: Callable[[State], None] = _any_replacement
    check_change: Callable[[State, State], None] = _any_change
    is_unfinished: Callable[[State], bool] = _finished
    inputs: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    renews: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    is_pure: bool = False
    secrets: frozenset[str] = frozenset()


KINDS: Mapping[str, Kind] = {
    "swarm:index:SshHostKey": Kind(
        create=host_key.create, outputs=host_key.OUTPUTS, secrets=frozenset({"privateKey"})
    ),
    "swarm:index:SwarmSettings": Kind(
        create=lambda _: ("settings", {}), refusals=settings.refusals
    ),
    "swarm:index:Rollout": Kind(
        create=rollout.create,
        update=rollout.update,
        inputs=frozenset({"machines"}),
        outputs=frozenset({"replaced"}),
        is_pure=True,
    ),
    "swarm:index:SwarmSpec": Kind(
        create=spec.create,
        read=spec.read,
        update=spec.update,
        refusals=spec.refusals,
        check_change=spec.check_change,
        inputs=spec.INPUTS,
        renews=frozenset({"autolock"}),
        outputs=frozenset({"unlockKey"}),
        secrets=frozenset({"unlockKey"}),
    ),
    "swarm:index:OverlayProbe": Kind(
        create=probe.create,
        update=probe.update,
        inputs=probe.INPUTS,
        renews=probe.INPUTS,
        outputs=frozenset({"matrix"}),
    ),
    "swarm:index:Node": Kind(
        create=node.create,
        read=node.read,
        update=node.update,
        delete=node.delete,
        check_replacement=node.check_replacement,
        is_unfinished=node.is_unfinished,
        inputs=node.INPUTS,
        replaces=node.REPLACES,
        outputs=frozenset({"nodeId"}),
    ),
}
