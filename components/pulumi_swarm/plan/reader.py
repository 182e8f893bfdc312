"""Reading of a component's args: one typed value at a time, mistakes collected.

Args come as a plain mapping, from Python with snake_case keys and whole
numbers, or from another language through the package, where every number is
a float. Whatever way they come, what leaves here has its exact type.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import TypeVar

from .problems import Problems

Choice = TypeVar("Choice", bound=StrEnum)
Parsed = TypeVar("Parsed")


LATER = "(known after the update)"  # stands for an output that only flows through


def camel(name: str) -> str:
    """The name as stack files and other languages write it: ``vpc_cidr`` is ``vpcCidr``."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def spelled(values: Mapping[str, object], known: Iterable[str]) -> dict[str, object]:
    """With keys as Python spells them: stack files write camelCase, and mean the same key."""
    names = {camel(name): name for name in known}
    return {names.get(str(key), str(key)): value for key, value in values.items()}


class Reader:
    """Reads one mapping. ``prefix`` is where it sits in the input, such as ``networks[2]``."""

    def __init__(
        self,
        values: object,
        known: Iterable[str],
        problems: Problems,
        prefix: str = "",
        refused: Mapping[str, str] | None = None,
    ) -> None:
        """``refused`` names inputs that users look for and that cannot be, with what to do."""
        self.problems = problems
        self._prefix = prefix
        self._values: Mapping[str, object] = {}
        self._known = sorted(known)
        if isinstance(values, Mapping):
            given = spelled(values, self._known)
            self._values = {key: value for key, value in given.items() if value is not None}
        else:
            problems.add(
                prefix or "args", values, "must be an object with named values", "write key: value"
            )
        reasons = {camel(name): reason for name, reason in (refused or {}).items()}
        for key in sorted(self._values.keys() - set(self._known)):
            if camel(key) in reasons:
                self.wrong(key, "cannot be set here", reasons[camel(key)])
            else:
                self._unknown(key)

    def has(self, name: str) -> bool:
        """Whether the input is given."""
        return name in self._values

    def raw(self, name: str) -> object:
        """The input as given."""
        return self._values.get(name)

    def path(self, name: str) -> str:
        """Where the input sits, in the spelling of stack files."""
        return f"{self._prefix}.{camel(name)}" if self._prefix else camel(name)

    def wrong(self, name: str, allowed: str, remedy: str, value: object = ...) -> None:
        """Record a mistake in an input."""
        given = self._values.get(name) if value is ... else value
        self.problems.add(self.path(name), given, allowed, remedy)

    def require(self, names: Iterable[str], remedy: str) -> bool:
        """Whether all of these are given; each that is not is a mistake."""
        missing = [name for name in names if not self.has(name)]
        for name in missing:
            self.wrong(name, "must be given", remedy)
        return not missing

    def refuse_entries(
        self, name: str, given: Mapping[str, object], reasons: Mapping[str, str]
    ) -> None:
        """Refuse the entries of a free mapping that ``reasons`` names, with what to do instead."""
        for key in sorted(given.keys() & reasons.keys()):
            path = f"{self.path(name)}.{key}"
            self.problems.add(path, given[key], "cannot be given here", reasons[key])

    def refuse_repeated(self, name: str, values: Sequence[str]) -> None:
        """Refuse a list that has a value twice: each is one resource, named by it."""
        for value in sorted({value for value in values if values.count(value) > 1}):
            self.wrong(name, "must have each value once", "leave the second out", value)

    def check_items(
        self,
        name: str,
        items: Iterable[str],
        is_good: Callable[[str], bool],
        allowed: str,
        remedy: str,
    ) -> None:
        """Record each item of a list that is not good, by its place."""
        for i, item in enumerate(items):
            if not is_good(item):
                self.problems.add(f"{self.path(name)}[{i}]", item, allowed, remedy)

    def text(
        self, name: str, default: str, *, pattern: str = "", allowed: str = "", remedy: str = ""
    ) -> str:
        """A string that matches ``pattern`` as a whole, when one is given."""
        value = self._values.get(name, default)
        if not isinstance(value, str):
            self.wrong(name, "must be a string", "write it in quotes")
            return default
        if pattern and self.has(name) and not re.fullmatch(pattern, value):
            self.wrong(name, allowed, remedy)
            return default
        return value

    def integer(self, name: str, default: int, *, low: int, high: int, unit: str, why: str) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self._values.get(name, default)
        allowed = f"must be a whole number of {unit} from {low} to {high} ({why})"
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(name, allowed, "give a number")
            return default
        if not low <= value <= high:
            self.wrong(name, allowed, f"choose a value from {low} to {high}")
            return default
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            self.wrong(name, "must be true or false", "write true or false, without quotes")
            return default
        return value

    def choice(self, name: str, default: Choice) -> Choice:
        """A member of an enum, given by its value."""
        kind = type(default)
        value = self._values.get(name, default.value)
        if isinstance(value, str) and value in [member.value for member in kind]:
            return kind(value)
        options = ", ".join(member.value for member in kind)
        self.wrong(name, f"must be one of {options}", _suggestion(value, [m.value for m in kind]))
        return default

    def network(self, name: str, default: IPv4Network) -> IPv4Network:
        """An IPv4 range without host bits."""
        if not self.has(name):
            return default
        return parse_network(self._values[name], self.path(name), self.problems) or default

    def address(self, name: str, default: IPv4Address) -> IPv4Address:
        """An IPv4 address."""
        if not self.has(name):
            return default
        value = self._values[name]
        try:
            return IPv4Address(value if isinstance(value, str) else "")
        except ValueError:
            self.wrong(name, "must be an IPv4 address", f"write it as {default}")
            return default

    def interface(self, name: str, default: IPv4Interface) -> IPv4Interface:
        """An IPv4 host address with the prefix length of its range."""
        if not self.has(name):
            return default
        value = self._values[name]
        allowed = f"must be a host address with a prefix length, such as {default}"
        try:
            found = IPv4Interface(value if isinstance(value, str) and "/" in value else "")
        except ValueError:
            self.wrong(name, allowed, "write address/prefix-length")
            return default
        edges = (found.network.network_address, found.network.broadcast_address)
        if found.ip in edges:
            self.wrong(
                name,
                allowed,
                f"write {found.network.network_address + 1}/{found.network.prefixlen}",
            )
            return default
        return found

    def nested(
        self, name: str, known: Iterable[str], refused: Mapping[str, str] | None = None
    ) -> "Reader":
        """The reader of an object inside; of an empty one when it is not given."""
        return Reader(self._values.get(name, {}), known, self.problems, self.path(name), refused)

    def each(
        self, name: str, known: Iterable[str], refused: Mapping[str, str] | None = None
    ) -> "list[Reader]":
        """Readers of the objects of a list."""
        return [
            Reader(item, known, self.problems, f"{self.path(name)}[{i}]", refused)
            for i, item in enumerate(self.sequence(name))
        ]

    def networks(self, name: str) -> tuple[IPv4Network, ...]:
        """A list of IPv4 ranges without host bits."""
        parsed = [
            parse_network(item, f"{self.path(name)}[{i}]", self.problems)
            for i, item in enumerate(self.sequence(name))
        ]
        return tuple(item for item in parsed if item is not None)

    def strings(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        found: list[str] = []
        for i, item in enumerate(self.sequence(name)):
            if isinstance(item, str):
                found.append(item)
            else:
                path = f"{self.path(name)}[{i}]"
                self.problems.add(path, item, "must be a string", "write it in quotes")
        return tuple(found)

    def string_map(self, name: str) -> dict[str, str]:
        """Named strings."""
        return parse_string_map(self._values.get(name, {}), self.path(name), self.problems)

    def mapping(self, name: str, parse: Callable[[object, str], Parsed]) -> dict[str, Parsed]:
        """A mapping whose values ``parse`` reads; it is given each value and its path."""
        value = self._values.get(name, {})
        if not isinstance(value, Mapping):
            self.wrong(name, "must be an object with named values", "write key: value")
            return {}
        return {str(k): parse(v, f"{self.path(name)}.{k}") for k, v in value.items()}

    def sequence(self, name: str) -> Sequence[object]:
        """A list of anything."""
        value = self._values.get(name, ())
        if value == LATER:
            self.wrong(
                name,
                "must be a list: how many items it has decides what is made",
                "give a list whose items are outputs, such as [ids[0], ids[1]]",
            )
            return ()
        if isinstance(value, str) or not isinstance(value, Sequence):
            self.wrong(name, "must be a list", "write it as a list, also when it has one item")
            return ()
        return value

    def _unknown(self, key: str) -> None:
        known = [camel(name) for name in self._known]
        self.wrong(
            key,
            "is not an input here",
            f"{_suggestion(camel(key), known)} (inputs: {', '.join(known)})",
        )


def parse_network(value: object, path: str, problems: Problems) -> IPv4Network | None:
    """An IPv4 range in CIDR notation, without host bits."""
    allowed = "must be an IPv4 range in CIDR notation, such as 10.20.0.0/16"
    if not isinstance(value, str) or "/" not in value:
        problems.add(path, value, allowed, "write address/prefix-length")
        return None
    try:
        loose = IPv4Network(value, strict=False)
    except ValueError:
        problems.add(path, value, allowed, "write address/prefix-length")
        return None
    if str(loose) != value:
        # Docker and AWS mask host bits silently; it then shows as a change for ever (KD-5).
        problems.add(path, value, "must have no host bits set", f"write {loose}")
        return None
    return loose


def parse_string_map(value: object, path: str, problems: Problems) -> dict[str, str]:
    """Named strings."""
    if not isinstance(value, Mapping):
        problems.add(path, value, "must be an object with named strings", "write key: value")
        return {}
    found: dict[str, str] = {}
    for key, item in value.items():
        if isinstance(item, str):
            found[str(key)] = item
        else:
            problems.add(f"{path}.{key}", item, "must be a string", "write it in quotes")
    return found


def _suggestion(value: object, options: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(value), options, n=1)
    return f"did you mean {close[0]}?" if close else "choose one of them"
