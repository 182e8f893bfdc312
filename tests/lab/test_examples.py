"""The package in every language: the programs that users start from, for real."""

import json
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.cloud import ROOT, LocalCloud, pulumi_environment, run, running_cloud
from tests.lab.programs import EXAMPLES, Program, build_wheel, make_program

pytestmark = pytest.mark.own_cloud

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
def test_same_swarm_comes_up_from_every_language_py_1_py_3(
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


def test_archive_is_installed_and_serves_the_package_py_5(
    own_cloud: LocalCloud, tmp_path: Path
) -> None:
    home = tmp_path / "pulumi-home"
    environment = {**pulumi_environment(own_cloud, tmp_path), "PULUMI_HOME": str(home)}
    folder = build_wheel(tmp_path / "dist").parent
    (archive,) = folder.glob("pulumi-resource-swarm-v*.tar.gz")
    version = archive.name.removeprefix("pulumi-resource-swarm-v").removesuffix(".tar.gz")
    install = ("pulumi", "plugin", "install", "resource", "swarm", version, "--file", str(archive))
    run(install, tmp_path, environment)
    # As the README has it, with what the package depends on from the tests' own environment.
    installed = home / f"plugins/resource-swarm-v{version}"
    run((sys.executable, "-m", "venv", "--without-pip", "venv"), installed, environment)
    (packages,) = installed.glob("venv/lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"], encoding="utf-8")
    shown = run(("pulumi", "package", "get-schema", "swarm"), tmp_path, environment).stdout
    expected = json.loads((ROOT / "components/schema.json").read_text(encoding="utf-8"))
    assert json.loads(shown)["resources"].keys() == expected["resources"].keys()


@pytest.mark.parametrize("example", OTHERS)
def test_example_previews(make: Callable[[str], Program], example: str) -> None:
    planned = make(example).preview()
    clusters = {line for line in planned if line.startswith("swarm:index:SwarmCluster ")}
    assert len(clusters) == (2 if example == "two-swarms" else 1)
    assert any("docker:index/network:Network" in line for line in planned)
