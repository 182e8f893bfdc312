"""The cluster as a part of a program of the caller's: what is asked of Pulumi reaches all of it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.lab.cloud import Stack

Compose = Callable[[str], Stack]
ROOT_PROGRAM = 'cluster = SwarmCluster("swarm", args)\n'

MOVED = """
class Platform(pulumi.ComponentResource):
    def __init__(self) -> None:
        super().__init__("acme:index:Platform", "platform")


before = pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)
options = pulumi.ResourceOptions(parent=Platform(), aliases=[before])
"""

PROTECTED = """
options = pulumi.ResourceOptions(protect=True)
"""

WITH_TEAM = """
def with_team(found):
    if not (found.type_.startswith("aws:") and "tags" in found.props):
        return None
    props = {**found.props, "tags": {**(found.props["tags"] or {}), "team": "web"}}
    return pulumi.%s


options = pulumi.ResourceOptions(%s=[with_team])
"""
# As docs/proof.md tells users of this SDK to.
TRANSFORMS = WITH_TEAM % ("ResourceTransformResult(props, None)", "transforms")
TRANSFORMATIONS = WITH_TEAM % (
    "ResourceTransformationResult(props, found.opts)",
    "transformations",
)

OWN_PROVIDER = """
import pulumi_aws as aws

given = pulumi.Config("aws")
mine = aws.Provider(
    "mine",
    region=given.require("region"),
    access_key=given.require("accessKey"),
    secret_key=given.require("secretKey"),
    endpoints=given.require_object("endpoints"),
)
options = pulumi.ResourceOptions(providers=[mine])
"""


@pytest.fixture
def composed(stack: Stack) -> Iterator[Compose]:
    """The root program with other options for its cluster, for as long as a test lasts."""
    main = stack.folder / "__main__.py"
    original = main.resolve()
    text = original.read_text(encoding="utf-8")
    assert ROOT_PROGRAM in text

    def write(options: str) -> Stack:
        main.unlink()
        with_options = f'{options}\ncluster = SwarmCluster("swarm", args, options)\n'
        main.write_text(text.replace(ROOT_PROGRAM, with_options), encoding="utf-8")
        return stack

    yield write
    main.unlink()
    main.symlink_to(original)


def planned(stack: Stack) -> list[dict[str, Any]]:
    """Every custom resource as it would be, by a preview."""
    steps = json.loads(stack.preview_json("--show-sames"))["steps"]
    return [
        step["newState"]
        for step in steps
        if step.get("newState", {}).get("custom")
        and not step["newState"]["type"].startswith("pulumi:providers:")
    ]


def test_cluster_that_moves_under_a_component_of_the_callers_is_the_same_py_6(
    composed: Compose,
) -> None:
    assert composed(MOVED).preview() == {}


def test_protected_cluster_is_protected_in_every_part(composed: Compose) -> None:
    found = planned(composed(PROTECTED))
    assert [state["urn"] for state in found if not state.get("protect")] == []
    assert len(found) > 50


@pytest.mark.parametrize(
    "options", [TRANSFORMS, TRANSFORMATIONS], ids=["transforms", "transformations"]
)
def test_transforms_of_the_callers_reach_every_part(composed: Compose, options: str) -> None:
    stack = composed(options)
    tagged = [state for state in planned(stack) if "tags" in state.get("inputs", {})]
    assert [s["urn"] for s in tagged if s["inputs"]["tags"].get("team") != "web"] == []
    assert len(tagged) > 20
    assert set(stack.preview().values()) == {"update"}


def test_provider_of_the_callers_makes_every_part_and_answers_every_question(
    composed: Compose,
) -> None:
    """There is no other: the default one is forbidden."""
    stack = composed(OWN_PROVIDER)
    path = stack.folder / f"stacks/Pulumi.{stack.name}.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("- docker\n", "- docker\n  - aws\n"), encoding="utf-8")
    made = [state for state in planned(stack) if state["type"].startswith("aws:")]
    assert [state["urn"] for state in made if "::mine::" not in state["provider"]] == []
    assert len(made) > 50
