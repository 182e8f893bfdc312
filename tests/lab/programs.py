"""Programs of users, in a folder and with a stack of their own, against a local cloud."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.cloud import IN_GUEST, ROOT, LocalCloud, local_stack, pulumi_environment, run

EXAMPLES = ROOT / "examples"
# The newest that the module proxy serves, as the engine that is built here has it.
PULUMI_GO = "github.com/pulumi/pulumi/sdk/v3"
STACK = "test"


@dataclass(frozen=True)
class Program:
    """One program with a stack on a cloud."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run(argv, self.folder, self.environment, check=check, seconds=400)

    def pulumi(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("pulumi", *argv, "--non-interactive", "--color=never", check=check)

    def preview(self) -> set[str]:
        """What would be made, each by its parents' types, its own and its name."""
        shown = json.loads(self.pulumi("preview", "--stack", STACK, "--json").stdout)
        return {named(step["urn"]) for step in shown["steps"] if step["op"] != "same"}

    def up(self) -> None:
        self.pulumi("up", "--stack", STACK, "--yes", "--skip-preview")

    def destroy(self) -> None:
        self.pulumi("destroy", "--stack", STACK, "--yes", "--skip-preview")

    def made(self) -> set[str]:
        exported = self.pulumi("stack", "export", "--stack", STACK).stdout
        return {named(r["urn"]) for r in json.loads(exported)["deployment"]["resources"]}

    def outputs(self) -> dict[str, Any]:
        shown = self.pulumi("stack", "output", "--stack", STACK, "--json").stdout
        found: dict[str, Any] = json.loads(shown)
        return found


def named(urn: str) -> str:
    """A URN without stack and project, which differ from program to program."""
    kind, name = urn.split("::")[2:4]
    # The provider that a language's SDK asks for by default, and the stack itself.
    return "" if kind.startswith(("pulumi:providers:", "pulumi:pulumi:Stack")) else f"{kind} {name}"


def make_program(example: str, folder: Path, cloud: LocalCloud, wheel: Path) -> Program:
    """An example as a user has it, ready to run, with the local cloud for AWS."""
    shutil.copytree(EXAMPLES / example, folder)
    project = _project(folder)
    if "packages" in project:
        project["packages"]["swarm"] = str(ROOT / "components")
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    return write_program(folder, cloud, wheel)


def write_program(
    folder: Path, cloud: LocalCloud, wheel: Path | None = None, *, with_packages: bool = True
) -> Program:
    """The program in a folder, ready to run; one in Python may get the wheel."""
    project = _project(folder)
    if IN_GUEST and project["runtime"] in ("nodejs", "go"):
        pytest.skip("programs in TypeScript and Go fetch packages, and a guest has no network")
    (folder / "state").mkdir()
    program = Program(folder, pulumi_environment(cloud, folder / "state"))
    _write_stack(project["name"], folder, cloud)
    if project["runtime"] == "go":
        version = program.pulumi("version").stdout.strip()
        program.run("go", "mod", "edit", f"-replace={PULUMI_GO}={PULUMI_GO}@{version}")
    if with_packages:
        install(program, wheel)
    program.pulumi("stack", "init", STACK)
    return program


def _project(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))
    return found


def _write_stack(project: str, folder: Path, cloud: LocalCloud) -> None:
    """The stack's configuration: the local cloud's, and this machine's way to its managers."""
    local = local_stack(cloud)
    config = {key: v for key, v in local["config"].items() if not key.startswith("swarm:")}
    key = Path(local["config"]["swarm:sshIdentityFile"])
    own = {
        "access": "private",
        "adminCidrs": local["config"]["swarm:adminCidrs"],
        "sshAuthorizedKeys": [key.with_suffix(".pub").read_text(encoding="utf-8").strip()],
        "sshIdentityFile": str(key),
        "sshProxyCommand": local["config"]["swarm:sshProxyCommand"],
        "vpcId": "vpc-1",
        "vpcCidr": "10.20.0.0/16",
        "subnetIds": ["subnet-1", "subnet-2"],
    }
    config |= {f"{project}:{name}": value for name, value in own.items()}
    document = {"config": config, "encryptionsalt": local["encryptionsalt"]}
    (folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")


def install(program: Program, wheel: Path | None = None) -> None:
    """What the program's language needs, as its users install it."""
    match _project(program.folder)["runtime"]:
        case "yaml":
            pass
        case "nodejs" | "go":
            program.pulumi("install")
        case _ if wheel is not None:
            _install_wheel(program, wheel)


def _install_wheel(program: Program, wheel: Path) -> None:
    """The wheel in an environment of its own."""
    python = with_dependencies(program.folder / "venv", program)
    uv = Path(sys.executable).parent / "uv"
    program.run(str(uv), "pip", "install", "--quiet", "--no-deps", f"--python={python}", str(wheel))


def with_dependencies(environment: Path, program: Program) -> Path:
    """A new environment with what the package depends on, from the tests' own; its python."""
    program.run(sys.executable, "-m", "venv", "--without-pip", str(environment))
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"], encoding="utf-8")
    return environment / "bin/python"


def build_wheel(folder: Path) -> Path:
    command = [sys.executable, str(ROOT / "tools/dist.py"), str(folder)]
    subprocess.run(command, check=True, env=os.environ, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel
