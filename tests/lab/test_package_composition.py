"""The package in a program of another language: what is asked of Pulumi reaches all of it.

In TypeScript, since programs in YAML can hand on no transforms; the engine does the rest for both.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.cloud import LocalCloud, running_cloud
from tests.lab.programs import EXAMPLES, STACK, Program, build_wheel, make_program

pytestmark = pytest.mark.own_cloud

EXAMPLE = "overlay-for-services/typescript"

TRANSFORMED = """
const options: pulumi.ComponentResourceOptions = {
    protect: true,
    transforms: [async ({ type, props, opts }) =>
        type.startsWith("aws:") && "tags" in props
            ? { props: { ...props, tags: { ...props.tags, team: "web" } }, opts }
            : undefined],
};
"""
# Without the SDK of AWS, which is as large as all the rest together.
OWN_PROVIDER = """
class Aws extends pulumi.ProviderResource {
    constructor(name: string, inputs: pulumi.Inputs) {
        super("aws", name, inputs);
    }
}
const given = new pulumi.Config("aws");
const mine = new Aws("mine", {
    region: given.require("region"),
    accessKey: given.require("accessKey"),
    secretKey: given.require("secretKey"),
    endpoints: given.require("endpoints"),
});
const options: pulumi.ComponentResourceOptions = { providers: { aws: mine } };
"""
MOVED = """
class Platform extends pulumi.ComponentResource {
    constructor() {
        super("acme:index:Platform", "platform");
    }
}
const options: pulumi.ComponentResourceOptions = {
    parent: new Platform(),
    aliases: [{ parent: pulumi.rootStackResource }],
};
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The example of its language with one manager, which is there."""
    wheel = build_wheel(tmp_path_factory.mktemp("dist"))
    with running_cloud("swarm-test-examples", 5104) as own_cloud:
        yield made(own_cloud, tmp_path_factory.mktemp("composed") / "program", wheel)


def made(own_cloud: LocalCloud, folder: Path, wheel: Path) -> Program:
    found = make_program(EXAMPLE, folder, own_cloud, wheel)
    compose(found, "const options = {};\n")
    found.up()
    return found


def compose(program: Program, options: str) -> None:
    """The example's program, small, with other options for its cluster."""
    text = (EXAMPLES / EXAMPLE / "index.ts").read_text(encoding="utf-8")
    for word, other in (
        ('from "@pulumi/swarm";\n', f'from "@pulumi/swarm";\n{options}'),
        ("managerCount: 3", "managerCount: 1"),
        ("workerCount: 2", "workerCount: 0"),
        ("});\n\nexport", "}, options);\n\nexport"),
    ):
        assert text.count(word) == 1
        text = text.replace(word, other)
    (program.folder / "index.ts").write_text(text, encoding="utf-8")


def planned(program: Program) -> list[dict[str, Any]]:
    """Every custom resource as it would be."""
    shown = program.pulumi("preview", "--stack", STACK, "--json", "--show-sames").stdout
    return [
        step["newState"]
        for step in json.loads(shown)["steps"]
        if step.get("newState", {}).get("custom")
        and not step["newState"]["type"].startswith("pulumi:providers:")
    ]


def test_protection_and_transforms_of_the_callers_reach_every_part(program: Program) -> None:
    compose(program, TRANSFORMED)
    found = planned(program)
    assert [state["urn"] for state in found if not state.get("protect")] == []
    tagged = [state for state in found if "tags" in state.get("inputs", {})]
    assert [s["urn"] for s in tagged if s["inputs"]["tags"].get("team") != "web"] == []
    assert len(tagged) > 20


def test_provider_of_the_callers_makes_every_part_and_answers_every_question(
    program: Program,
) -> None:
    """There is no other: the default one is forbidden."""
    compose(program, OWN_PROVIDER)
    path = program.folder / f"Pulumi.{STACK}.yaml"
    text = path.read_text(encoding="utf-8")
    assert "\n  - docker\n" in text
    path.write_text(text.replace("\n  - docker\n", "\n  - docker\n  - aws\n"), encoding="utf-8")
    parts = [state for state in planned(program) if state["type"].startswith("aws:")]
    assert [state["urn"] for state in parts if "::mine::" not in state["provider"]] == []
    assert len(parts) > 40
    path.write_text(text, encoding="utf-8")


def test_cluster_that_moves_under_a_component_of_the_callers_is_the_same_py_6(
    program: Program,
) -> None:
    compose(program, MOVED)
    assert program.preview() == {"acme:index:Platform platform"}
