"""The package in every language: the programs that users start from, for real."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.cloud import LocalCloud, running_cloud
from tests.lab.programs import EXAMPLES, Program, build_wheel, make_program

pytestmark = pytest.mark.xdist_group("examples")  # a cloud of its own

LANGUAGES = ("python", "yaml", "typescript", "go")
OTHERS = sorted(path.parent.name for path in EXAMPLES.glob("*/Pulumi.yaml"))


@pytest.fixture(scope="module")
def own_cloud() -> Iterator[LocalCloud]:
    with running_cloud("swarm-test-examples", 5104) as made:
        yield made


@pytest.fixture(scope="module")
def make(
    own_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Program]:
    wheel = build_wheel(tmp_path_factory.mktemp("dist"))

    def made(example: str) -> Program:
        folder: Path = tmp_path_factory.mktemp("example") / "program"
        return make_program(example, folder, own_cloud, wheel)

    return made


@pytest.fixture(scope="module")
def seen() -> dict[str, set[str]]:
    """What each language made."""
    return {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_same_swarm_comes_up_from_every_language(
    make: Callable[[str], Program], own_cloud: LocalCloud, seen: dict[str, set[str]], language: str
) -> None:
    program = make(f"overlay-for-services/{language}")
    planned = program.preview()
    program.up()
    try:
        seen[language] = program.made()
        assert planned - {""} == seen[language] - {""}
        assert program.preview() == set()
        assert set(program.outputs()["networkIds"]) == {"app"}
        listed = own_cloud.on(
            "swarm-worker-1", "docker", "info", "--format", "{{.Swarm.LocalNodeState}}"
        )
        assert listed.strip() == "active"
    finally:
        program.destroy()


def test_children_and_their_names_are_identical_in_every_language(
    seen: dict[str, set[str]],
) -> None:
    assert set(seen) == set(LANGUAGES)
    for language in LANGUAGES[1:]:
        assert seen[language] == seen[LANGUAGES[0]], language


@pytest.mark.parametrize("example", OTHERS)
def test_example_previews(make: Callable[[str], Program], example: str) -> None:
    planned = make(example).preview()
    clusters = {line for line in planned if line.startswith("swarm:index:SwarmCluster ")}
    assert len(clusters) == (2 if example == "two-swarms" else 1)
    assert any("docker:index/network:Network" in line for line in planned)
