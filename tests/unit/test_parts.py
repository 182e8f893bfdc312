"""Every component but the cluster, by itself: the same whether imported or used as a package.

Their args are those that clusters with every word give them, so none is forgotten here.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime import rpc

from pulumi_swarm.components import COMPONENTS, SwarmComponents
from pulumi_swarm.plan.reader import camel
from tests.unit.construction import (
    BOTH,
    COMPONENT_TYPES,
    Recorder,
    as_on_the_wire,
    build,
    run,
)
from tests.unit.inputs import EVERYTHING, IN_A_GIVEN_VPC, IN_CHOSEN_ZONES, POOLS

PARTS = {
    component.__name__: component
    for component in COMPONENTS
    if component.__name__ != "SwarmCluster"
}
EVERY_PART = pytest.mark.parametrize("part", PARTS)
# For each part a number, and one that it refuses, with the words of the refusal. Two have none.
NUMBERS = {
    "SwarmFirewall": ("data_path_port", 80, "dataPathPort is 80: must be"),
    "ManagerSet": ("manager_count", 2, "managerCount is 2: must be odd"),
    "WorkerPool": ("worker_count", -1, "workerCount is -1: must be"),
    "AutoscaledWorkerPool": ("max_size", -1, "maxSize is -1: must be"),
    "OverlayNetwork": ("mtu", 5, "mtu is 5: must be"),
}


CLUSTERS = {
    "everything": {**EVERYTHING, **POOLS},
    "in-chosen-zones": IN_CHOSEN_ZONES,
    "in-a-given-vpc": {**IN_A_GIVEN_VPC, **POOLS},
}
LACKING = {("SwarmVpc", "in-a-given-vpc"), ("AutoscaledWorkerPool", "in-chosen-zones")}
EVERY_PART_OF_EVERY_CLUSTER = pytest.mark.parametrize(
    ("part", "cluster"),
    [(part, c) for c in CLUSTERS for part in PARTS if (part, c) not in LACKING],
)


def given(recorder: Recorder, part: str, cluster: str = "everything") -> tuple[str, dict[str, Any]]:
    """The name and the args that a cluster gives to a part of it."""
    build("import", CLUSTERS[cluster])
    made = recorder.of(f"swarm:index:{part}")[0]
    recorder.made.clear()
    return made.name, {key: _plain(value) for key, value in made.inputs.items()}


def _plain(value: Any) -> Any:
    """Without the mark of a secret, which callers' own values have or have not."""
    return value["value"] if isinstance(value, dict) and rpc._special_sig_key in value else value


def construct(how: str, part: str, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Make a part; its outputs, by the names that other languages have for them."""
    outputs: dict[str, Any] = {}

    def program() -> "pulumi.Output[None]":
        known: Mapping[str, Any]
        if how == "import":
            made = PARTS[part](name, dict(args))
            known = {
                camel(key): getattr(made, key)
                for key in PARTS[part].__annotations__
                if not key.startswith("_")
            }
        else:
            kind = f"swarm:index:{part}"
            known = SwarmComponents().construct(name, kind, as_on_the_wire(args), None).state
        return pulumi.Output.all(**known).apply(outputs.update)

    run(program)
    return outputs


@EVERY_PART_OF_EVERY_CLUSTER
def test_part_makes_and_returns_the_same_in_both_ways(
    recorder: Recorder, part: str, cluster: str
) -> None:
    name, args = given(recorder, part, cluster)
    made = []
    for how in ("import", "package"):
        outputs = construct(how, part, name, args)
        found = {(m.kind, m.name): m.inputs for m in recorder.made if m.kind not in COMPONENT_TYPES}
        made.append((found, outputs))
        recorder.made.clear()
    (imported, outputs), (packaged, others) = made
    assert imported
    assert packaged == imported
    assert others == outputs


@BOTH
@EVERY_PART
def test_part_has_defaults_for_what_is_left_out(recorder: Recorder, how: str, part: str) -> None:
    """In a package what is not given is not there at all, not None."""
    name, args = given(recorder, part)
    annotated = inspect.signature(PARTS[part]).parameters["args"].annotation
    construct(
        how, part, name, {key: args[key] for key in args if key in annotated.__required_keys__}
    )
    assert len(recorder.made) > 1


@BOTH
@pytest.mark.parametrize("part", NUMBERS)
def test_part_refuses_a_wrong_number_and_makes_nothing(
    recorder: Recorder, how: str, part: str
) -> None:
    word, wrong, said = NUMBERS[part]
    name, args = given(recorder, part)
    with pytest.raises(Exception, match=said):
        construct(how, part, name, {**args, word: wrong})
    assert recorder.made == []


@BOTH
@pytest.mark.parametrize("part", NUMBERS)
def test_part_refuses_a_number_that_is_known_later_py_8(
    recorder: Recorder, how: str, part: str
) -> None:
    word, _, _ = NUMBERS[part]
    name, args = given(recorder, part)
    with pytest.raises(Exception, match=rf"{camel(word)} is 'an output of a resource'"):
        construct(how, part, name, {**args, word: pulumi.Output.from_input(3)})
    assert recorder.made == []
