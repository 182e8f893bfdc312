"""Plain values from and to the property values of the provider protocol."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import rpc

Plain = Any  # None, bool, int, float, str, list or dict of Plain, or UNKNOWN


class _Unknown:
    """A value that a preview does not know yet."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


def to_plain(value: PropertyValue) -> Plain:
    """Secrets are unwrapped: the engine marks the outputs of secret inputs again by itself."""
    match value.value:
        case rpc.UNKNOWN:
            return UNKNOWN
        case float() as number if number.is_integer():
            return int(number)
        case str() as text:
            return text
        case Mapping() as items:
            return {key: to_plain(item) for key, item in items.items()}
        case Sequence() as items:
            return [to_plain(item) for item in items]
        case other:
            return other


def is_known(value: Plain) -> bool:
    """Whether a preview knows a value, and all that is in it."""
    match value:
        case _Unknown():
            return False
        case Mapping():
            return all(is_known(item) for item in value.values())
        case list():
            return all(is_known(item) for item in value)
        case _:
            return True


def to_property(value: Plain) -> PropertyValue:
    """The opposite of ``to_plain``; nothing becomes a secret."""
    match value:
        case _Unknown():
            return unknown_property()
        case bool() | str() | None:
            return PropertyValue(value)
        case int() | float():
            return PropertyValue(float(value))
        case Mapping():
            return PropertyValue({key: to_property(item) for key, item in value.items()})
        case _:
            return PropertyValue([to_property(item) for item in value])


def unknown_property() -> PropertyValue:
    """On the wire an unknown is a certain string; the SDK cannot send its own ``Computed``."""
    return PropertyValue(rpc.UNKNOWN)


def plain_map(values: Mapping[str, PropertyValue]) -> dict[str, Plain]:
    """``to_plain`` for each value."""
    return {key: to_plain(value) for key, value in values.items()}


def property_map(values: Mapping[str, Plain]) -> dict[str, PropertyValue]:
    """``to_property`` for each value."""
    return {key: to_property(value) for key, value in values.items()}


def type_of(urn: str) -> str:
    """The resource's own type; the SDK's ``request.type`` has its parents' before it."""
    return urn.split("::")[2].rpartition("$")[2]
