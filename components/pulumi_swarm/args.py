"""From a component's args, as the caller gives them, to values that a plan can be read from."""

from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

import pulumi

from .errors import SwarmInputError
from .plan import reader
from .plan.problems import Problems
from .plan.reader import LATER, camel

Args = TypeVar("Args", bound=Mapping[str, object])


def spelled(args: Args, known: Iterable[str]) -> Args:
    """The args with their keys as Python spells them; stack files' spelling is the same input."""
    return cast("Args", reader.spelled(args, known))


def settle(
    args: Mapping[str, object], flowing: Iterable[str], problems: Problems
) -> dict[str, object]:
    """The args as plain values.

    Inputs named in ``flowing`` only flow through to other resources and may be
    outputs: a placeholder stands for those. All others decide what is made, so
    they must be known at preview, and an output there is a mistake (PY-8).
    """
    passed = set(flowing)
    settled: dict[str, object] = {}
    for name, value in args.items():
        if name in passed:
            settled[name] = _placeholder(value)
        elif _holds_output(value):
            computed(camel(name), problems)
        else:
            settled[name] = value
    return settled


def computed(path: str, problems: Problems) -> None:
    """Note an output where the plan needs a value."""
    problems.add(
        path,
        "an output of a resource",
        "must be known at preview, because it decides what is made",
        "give a plain value",
    )


def raise_for(problems: Problems, component: str) -> None:
    """Raise when there is any problem."""
    if problems.found:
        raise SwarmInputError(problems, component)


def only(args: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    """The args that another component takes too."""
    return {name: args[name] for name in names if args.get(name) is not None}


def _placeholder(value: object) -> object:
    if isinstance(value, list):
        return [_placeholder(item) for item in value]
    if isinstance(value, dict):
        return {key: _placeholder(item) for key, item in value.items()}
    return value if value is None or isinstance(value, str) else LATER


def _holds_output(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_output(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_holds_output(item) for item in value)
    return isinstance(value, pulumi.Output)
