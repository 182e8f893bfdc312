"""The public surface changes only together with what tells users of it."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.surface import compare, unaliased

CURRENT: dict[str, Any] = json.loads(Path("components/schema.json").read_text(encoding="utf-8"))
RELEASED = json.loads(Path("components/schema.released.json").read_text(encoding="utf-8"))
CLUSTER = "swarm:index:SwarmCluster"


def told(pattern: str) -> set[str]:
    return words("".join(p.read_text(encoding="utf-8") for p in Path("changes").glob(pattern)))


def words(text: str) -> set[str]:
    """The names in a text, each whole: what tells of a longer one does not tell of this."""
    return set(re.findall(r"\w+(?:\.\w+)*", text))


def paths(found: frozenset[str]) -> set[str]:
    """Without the mark of an output."""
    return {path.split()[0] for path in found}


def test_what_was_added_is_in_the_changelog() -> None:
    assert paths(compare(RELEASED, CURRENT).added) - told("*.md") == set()


def test_what_breaks_programs_is_in_the_changelog_and_the_upgrade_page() -> None:
    page = words(Path("docs/UPGRADE.md").read_text(encoding="utf-8"))
    broken = paths(compare(RELEASED, CURRENT).broken)
    assert broken - told("*.breaking.md") == set()
    assert broken - page == set()


def test_name_is_told_only_as_a_whole() -> None:
    assert words("`Pool.size`, SwarmCluster.mtus.") == {"Pool.size", "SwarmCluster.mtus"}


def test_type_that_is_gone_lives_on_as_an_alias_of_its_successor() -> None:
    sources = "".join(p.read_text() for p in Path("components/pulumi_swarm").rglob("*.py"))
    assert unaliased(compare(RELEASED, CURRENT), sources) == []
    renamed = copy.deepcopy(CURRENT)
    renamed["resources"]["swarm:index:Cluster"] = renamed["resources"].pop(CLUSTER)
    change = compare(CURRENT, renamed)
    assert unaliased(change, sources) == ["SwarmCluster"]
    assert unaliased(change, f'{sources} aliases=[Alias(type_="{CLUSTER}")]') == []


def remove_input(schema: dict[str, Any]) -> None:
    del schema["resources"][CLUSTER]["inputProperties"]["workerSpot"]


def change_type(schema: dict[str, Any]) -> None:
    schema["resources"][CLUSTER]["inputProperties"]["workerSpot"]["type"] = "string"


def take_no_outputs(schema: dict[str, Any]) -> None:
    schema["resources"][CLUSTER]["inputProperties"]["vpcId"]["plain"] = True


def demand_input(schema: dict[str, Any]) -> None:
    schema["resources"][CLUSTER]["inputProperties"]["zone"] = {"type": "string"}
    schema["resources"][CLUSTER].setdefault("requiredInputs", []).append("zone")


def remove_output(schema: dict[str, Any]) -> None:
    del schema["resources"][CLUSTER]["properties"]["nodeIds"]


def change_nested(schema: dict[str, Any]) -> None:
    schema["types"]["swarm:index:Subnet"]["properties"]["subnet"]["type"] = "integer"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (remove_input, "SwarmCluster.workerSpot"),
        (change_type, "SwarmCluster.workerSpot"),
        (take_no_outputs, "SwarmCluster.vpcId"),
        (demand_input, "SwarmCluster.zone"),
        (remove_output, "SwarmCluster.nodeIds (output)"),
        (change_nested, "Subnet.subnet"),
    ],
)
def test_change_that_breaks_programs_is_seen(
    change: Callable[[dict[str, Any]], None], path: str
) -> None:
    changed = copy.deepcopy(CURRENT)
    change(changed)
    assert compare(CURRENT, changed).broken == {path}


def test_new_input_that_may_be_left_out_is_an_addition() -> None:
    changed = copy.deepcopy(CURRENT)
    changed["resources"][CLUSTER]["inputProperties"]["extra"] = {"type": "string"}
    found = compare(CURRENT, changed)
    assert (found.added, found.broken) == (frozenset({"SwarmCluster.extra"}), frozenset())
