"""What changed in the package's public surface since the last release; pure.

A path is a type's or resource's name, with a property behind a dot. What a
program could have used and is now gone, of another type, or needed where it was
not, is a break; all else that is new is an addition.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PARTS = ("properties", "inputProperties")
NEEDED = {"inputProperties": "requiredInputs", "properties": "required"}
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceChange:
    """Paths of what was added, and of what breaks programs."""

    added: frozenset[str]
    broken: frozenset[str]


def compare(released: Schema, current: Schema) -> SurfaceChange:
    """What a release of ``current`` would change for those who use ``released``."""
    before, after = dict(_paths(released)), dict(_paths(current))
    gone = before.keys() - after.keys()
    other = {
        path
        for path in before.keys() & after.keys()
        if before[path][0] != after[path][0] or after[path][1] > before[path][1]
    }
    # A new input that must be given breaks every program that does not know of it.
    demanded = {
        path
        for path in after.keys() - before.keys()
        if after[path][1] and "." in path and path.partition(".")[0] in before
    }
    new = after.keys() - before.keys() - demanded
    return SurfaceChange(
        # Of what is new as a whole, its name says enough.
        added=frozenset(p for p in new if "." not in p or p.partition(".")[0] in before),
        broken=frozenset(gone | other | demanded),
    )


def unaliased(change: SurfaceChange, sources: str) -> list[str]:
    """Types that are gone, and that no ``aliases`` in the sources hands on to a successor.

    Without one, an update would take the old ones for unwanted and make new ones in their place.
    """
    gone = (path for path in change.broken if "." not in path)
    return sorted(name for name in gone if f'type_="swarm:index:{name}"' not in sources)


def _paths(schema: Schema) -> Iterator[tuple[str, tuple[str, bool]]]:
    """Each path with its type, and whether it is an input that must be given."""
    for kind in ("resources", "types"):
        for token, definition in schema.get(kind, {}).items():
            name = token.rpartition(":")[2]
            yield name, (kind, False)
            for part in PARTS:
                for prop, found in definition.get(part, {}).items():
                    is_input = part == "inputProperties" or kind == "types"
                    needed = prop in definition.get(NEEDED[part], ())
                    suffix = "" if is_input else " (output)"
                    yield f"{name}.{prop}{suffix}", (_type(found), needed and is_input)


def _type(found: Schema) -> str:
    """A property's type, without its words; one that takes no outputs any more is another."""
    inner = found.get("items") or found.get("additionalProperties") or {}
    plain = "plain" if found.get("plain") else ""
    parts = (plain, found.get("type", ""), found.get("$ref", ""), inner and _type(inner))
    return " ".join(str(part) for part in parts)
