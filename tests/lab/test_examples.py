"""The package in every language: the programs that users start from, for real."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pulumi_swarm.resources import PLUGIN_VERSION
from tests.lab.cloud import HOME, IN_GUEST, ROOT, LocalCloud, pulumi_environment, run, running_cloud
from tests.lab.programs import (
    EXAMPLES,
    Program,
    build_wheel,
    install,
    make_program,
    with_dependencies,
    write_program,
)
from tests.lab.repository import served

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
    run_here = LANGUAGES[:2] if IN_GUEST else LANGUAGES
    assert set(seen) == set(run_here)
    for language in run_here[1:]:
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
    with_dependencies(installed / "venv", Program(tmp_path, environment))
    shown = run(("pulumi", "package", "get-schema", "swarm"), tmp_path, environment).stdout
    expected = json.loads((ROOT / "components/schema.json").read_text(encoding="utf-8"))
    assert json.loads(shown)["resources"].keys() == expected["resources"].keys()


@pytest.mark.parametrize("language", ["typescript", "go"])
def test_package_is_added_from_its_folder(
    make: Callable[[str], Program], own_cloud: LocalCloud, tmp_path: Path, language: str
) -> None:
    """What `packages:` in an example has already, done by hand; in YAML there is only that."""
    example = f"overlay-for-services/{language}"
    folder = tmp_path / "program"
    shutil.copytree(EXAMPLES / example, folder)
    without_packages(folder)
    program = write_program(folder, own_cloud, with_packages=False)
    program.pulumi("package", "add", str(ROOT / "components"))
    install(program)
    assert program.preview() == make(example).preview()


def without_packages(folder: Path) -> None:
    """A program that does not say yet where its packages come from."""
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))
    del project["packages"]
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")


def test_package_is_added_by_its_git_address(
    make: Callable[[str], Program], own_cloud: LocalCloud, tmp_path: Path
) -> None:
    example = "overlay-for-services/typescript"
    expected = make(example).preview()
    folder, plugins = tmp_path / "program", tmp_path / "home/plugins"
    shutil.copytree(EXAMPLES / example, folder)
    for name in ("index.ts", "package.json"):  # a package's scope is whose repository it is
        text = (folder / name).read_text(encoding="utf-8").replace("@pulumi/swarm", "@team/swarm")
        text = text.replace("file:sdks/swarm", "file:sdks/team-swarm")
        (folder / name).write_text(text, encoding="utf-8")
    without_packages(folder)
    shutil.copytree(HOME / "plugins", plugins)
    program = write_program(folder, own_cloud)
    with served(tmp_path) as (address, authority):
        trusting = {"PULUMI_HOME": str(plugins.parent), "SSL_CERT_FILE": str(authority)}
        program = replace(program, environment={**program.environment, **trusting})
        package = f"{address}/components@{PLUGIN_VERSION}"
        program.pulumi("plugin", "install", "resource", package)
        # Now Pulumi's own language host, which is not here, installs the folder in an environment.
        (installed,) = plugins.glob("resource-localhost*/components")
        with_dependencies(installed.parent / ".venv", program)
        program.pulumi("package", "add", package)
        program.pulumi("install")
    # From here on it is installed, and the server is gone.
    assert program.preview() == expected


def test_two_swarms_in_one_program_stand_side_by_side(
    make: Callable[[str], Program], own_cloud: LocalCloud
) -> None:
    program = make("two-swarms")
    program.up()
    try:
        assert program.preview() == set()
        ids = set()
        for name in ("blue", "green"):
            manager = f"{name}-manager-0"
            listed = own_cloud.on(manager, "docker", "node", "ls", "--format", "{{.Hostname}}")
            assert sorted(listed.split()) == [manager, f"{name}-worker-0"]
            ids.add(own_cloud.on(manager, "docker", "info", "--format", "{{.Swarm.Cluster.ID}}"))
        assert len(ids) == 2
    finally:
        program.destroy()


def test_swarm_in_given_groups_and_subnets_leaves_both_as_they_were(
    make: Callable[[str], Program], own_cloud: LocalCloud
) -> None:
    ec2 = own_cloud.aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.20.{i}.0/24")["Subnet"]["SubnetId"]
        for i in range(2)
    ]
    groups = {
        f"{role}SecurityGroupId": ec2.create_security_group(
            GroupName=role, Description=role, VpcId=vpc
        )["GroupId"]
        for role in ("manager", "worker")
    }
    program = make("overlay-for-services/yaml")
    path = program.folder / "Pulumi.yaml"
    project = yaml.safe_load(path.read_text(encoding="utf-8"))
    place = {"vpcId": vpc, "vpcCidr": "10.20.0.0/16", "subnetIds": subnets}
    project["resources"]["swarm"]["properties"] |= {**place, **groups}
    path.write_text(yaml.safe_dump(project), encoding="utf-8")

    def rules() -> dict[str, int]:
        listed = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
        return {g["GroupId"]: len(g["IpPermissions"]) for g in listed["SecurityGroups"]}

    before = rules()
    program.up()
    try:
        assert program.preview() == set()
        state = ("docker", "info", "--format", "{{.Swarm.LocalNodeState}}")
        assert own_cloud.on("swarm-worker-1", *state).strip() == "active"
        places = {host["address"].rpartition(".")[0] for host in own_cloud.hosts().values()}
        assert places == {"10.20.0", "10.20.1"}
        filled = rules()
        assert filled.keys() == before.keys()
        assert all(filled[group] > before[group] for group in groups.values())
    finally:
        program.destroy()
    assert rules() == before
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    for group in groups.values():
        ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=vpc)


@pytest.mark.parametrize("example", OTHERS)
def test_example_previews(make: Callable[[str], Program], example: str) -> None:
    planned = make(example).preview()
    clusters = {line for line in planned if line.startswith("swarm:index:SwarmCluster ")}
    assert len(clusters) == (2 if example == "two-swarms" else 1)
    assert any("docker:index/network:Network" in line for line in planned)
