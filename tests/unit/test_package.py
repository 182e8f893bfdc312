"""The package's surface: schema, configuration, versions and the stand-in agree with each other."""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest
import yaml

import pulumi_swarm
from lab.aws_plugin.base import ResourceType
from lab.aws_plugin.provider import AwsStandIn, NotLocalError
from lab.aws_plugin.resources import TYPES
from pulumi_swarm import resources
from pulumi_swarm.components import component_provider
from pulumi_swarm.plan.reader import camel
from tests.lab.repository import repository

PROJECT = yaml.safe_load(Path("Pulumi.yaml").read_text(encoding="utf-8"))
# Numbers that follow from other inputs: Pulumi.yaml can say no number that means "not given".
FOLLOW_FROM_OTHERS = {"underlayMtu", "networkControlPlaneMtu"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(component_provider().schema or "")
    return found


def test_public_surface_is_as_reviewed_py_2_py_4(schema: dict[str, Any]) -> None:
    """What every language sees; `make schema` renews the file, and its diff is the review."""
    assert json.loads(Path("components/schema.json").read_text(encoding="utf-8")) == schema


def test_every_property_is_described(schema: dict[str, Any]) -> None:
    silent = [
        f"{kind}.{name}"
        for kind, definition in {**schema["resources"], **schema["types"]}.items()
        for part in ("properties", "inputProperties")
        for name, found in definition.get(part, {}).items()
        if not found.get("description")
    ]
    assert silent == []


def test_every_resource_and_type_is_described(schema: dict[str, Any]) -> None:
    everything = {**schema["resources"], **schema["types"]}
    assert [kind for kind, found in everything.items() if not found.get("description")] == []


def test_no_type_is_empty(schema: dict[str, Any]) -> None:
    """Pulumi takes what it does not know, such as an IPv4Network, for an empty object."""
    assert [kind for kind, found in schema["types"].items() if not found.get("properties")] == []


def test_configuration_of_the_program_is_the_args_of_the_cluster(schema: dict[str, Any]) -> None:
    inputs = schema["resources"]["swarm:index:SwarmCluster"]["inputProperties"]
    declared = PROJECT["config"]
    assert set(declared) == set(inputs) - FOLLOW_FROM_OTHERS
    for name, entry in declared.items():
        assert entry["type"] == inputs[name].get("type", "object")
        assert entry["description"].strip()
        assert "default" in entry  # without one, pulumi demands a value of every stack


@pytest.mark.parametrize("name", ["local", "dev", "prod"])
def test_stacks_use_known_inputs_and_disable_the_default_docker_provider(name: str) -> None:
    stack = yaml.safe_load(Path(f"stacks/Pulumi.{name}.yaml").read_text(encoding="utf-8"))["config"]
    mine = {key.removeprefix("swarm:") for key in stack if key.startswith("swarm:")}
    assert mine <= set(PROJECT["config"]) | FOLLOW_FROM_OTHERS
    assert stack["pulumi:disable-default-providers"] == ["docker"]


def test_public_names_are_exactly_those_exported() -> None:
    for name in pulumi_swarm.__all__:
        assert getattr(pulumi_swarm, name).__module__.startswith("pulumi_swarm.")
    assert sorted(pulumi_swarm.__all__) == list(pulumi_swarm.__all__)


def test_what_is_released_has_one_version_and_depends_on_the_sources_alone(tmp_path: Path) -> None:
    plugin = json.loads(
        Path("components/pulumi_swarm/pulumi-plugin.json").read_text(encoding="utf-8")
    )
    assert plugin["resource"] is False  # or the engine would look for a published plugin
    version = plugin["version"]
    assert version == resources.PLUGIN_VERSION
    first, second = (built(tmp_path / name) for name in ("first", "second"))
    assert set(first) == {
        f"pulumi-resource-swarm-v{version}.tar.gz",
        f"pulumi_swarm-{version}-py3-none-any.whl",
        f"pulumi_swarm-{version}.tar.gz",
    }
    assert first == second


def built(folder: Path) -> dict[str, bytes]:
    subprocess.run([sys.executable, "tools/dist.py", folder], check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix}


def test_pip_makes_the_wheel_that_is_released_from_a_git_address(tmp_path: Path) -> None:
    tree = repository(tmp_path / "repository")
    address = f"git+file://{tree}#subdirectory=components"
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check")
    out = ("--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path / "out")
    subprocess.run([*pip, *out, address], check=True)
    (wheel,) = (tmp_path / "out").iterdir()
    released = built(tmp_path / "dist")
    assert released[wheel.name] == wheel.read_bytes()


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.token)
def test_stand_in_knows_no_property_that_the_sdk_does_not(kind: type[ResourceType]) -> None:
    module = kind.token.split(":")[1].split("/")[0]
    sdk = getattr(getattr(aws, module), kind.token.rpartition(":")[2])
    inputs = {camel(name) for name in inspect.signature(sdk._internal_init).parameters}
    outputs = {
        getattr(value.fget, "_pulumi_name", name)
        for name, value in inspect.getmembers(sdk, lambda v: isinstance(v, property))
    }
    assert kind.inputs <= inputs
    assert kind.updatable <= kind.inputs | {"tags"}
    assert {camel(name) for name in outputs} >= kind.outputs


def test_stand_in_refuses_aws_itself() -> None:
    with pytest.raises(NotLocalError, match="install the published plugin"):
        AwsStandIn()._client("ec2")
