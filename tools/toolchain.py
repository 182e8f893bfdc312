"""Provide the Pulumi CLI, the Python language host and the plugins this project needs.

Usage, in the repository's root:
python3 -m tools.toolchain --home DIR --bin DIR --python PYTHON [--languages]

With --languages the hosts of YAML, Node.js and Go too, for programs in those.

What is installed is used as it is; what is missing is asked of Pulumi's own
servers; what cannot be had there is built from the Go modules pinned beside
this file, once, in ``${XDG_CACHE_HOME:-~/.cache}/pulumi-swarm``. Only the
standard library is used: this runs before anything is installed.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import cache

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent

ENGINE_VERSION = "3.274.1"
MINIMUM_CLI = (3, 237, 0)  # NotRequired in component args, which the package uses
DOCKER_PLUGIN_VERSION = "5.2.0"
AWS_PLUGIN_VERSION = "7.51.1"
DOWNLOAD_TIMEOUT_SECONDS = 300
MINIMUM_GO = (1, 21)  # the first Go that fetches the toolchain a go.mod asks for
VERSION_SYMBOL = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


class ToolchainError(Exception):
    """A tool that the project needs cannot be provided; the message says what to do."""


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Print what runs, then a line every 20 seconds until it ends."""
    started = time.monotonic()
    done = threading.Event()

    def tick() -> None:
        while not done.wait(20):
            say(f"{what}: {time.monotonic() - started:.0f} s so far")

    say(what)
    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()
    say(f"{what}: done in {time.monotonic() - started:.0f} s")


def run(argv: list[str], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command; on failure raise with the end of what it printed."""
    result = subprocess.run(
        argv,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        text=True,
        capture_output=True,
        check=False,
    )
    if result.returncode != 0:
        tail = "\n".join((result.stdout + result.stderr).splitlines()[-20:])
        raise ToolchainError(f"{' '.join(argv)} failed ({result.returncode}):\n{tail}")
    return result.stdout


def parse_version(text: str) -> tuple[int, ...]:
    digits = text.strip().removeprefix("v").removeprefix("go").split("-")[0].split("+")[0]
    return tuple(int(part) for part in digits.split(".") if part.isdigit())


# --- building from Go modules ----------------------------------------------------------


def require_go() -> str:
    go = shutil.which("go")
    if go is None:
        raise ToolchainError(
            "the published Pulumi CLI or plugins cannot be had on this machine, and building "
            "them needs Go, which is not on PATH; install the Pulumi CLI "
            f"(at least {'.'.join(map(str, MINIMUM_CLI))}) or Go (at least 1.21)"
        )
    version = run([go, "env", "GOVERSION"], env={"GOTOOLCHAIN": "local"})
    if parse_version(version) < MINIMUM_GO:
        raise ToolchainError(
            f"Go {version.strip()} is too old to build the Pulumi CLI; install Go 1.21 or newer"
        )
    return go


def cache_key(*folders: Path) -> str:
    """A key over every source and pin of the given modules, and the machine's kind."""
    digest = hashlib.sha256(f"{ENGINE_VERSION} {platform.machine()}".encode())
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()[:16]


def go_build(go: str, module: Path, package: str, out: Path, *flags: str) -> None:
    with progress(f"building {out.name} from {package}"):
        run([go, "build", "-trimpath", *flags, "-o", str(out), package], cwd=module)


def build_cli() -> Path:
    """The engine, the language host with its front, and their two scripts, in one folder."""
    engine, language = TOOLS / "engine", TOOLS / "language-python"

    def fill(folder: Path) -> None:
        go = require_go()
        version = f"-ldflags=-s -w -X {VERSION_SYMBOL}=v{ENGINE_VERSION}"
        cli = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
        go_build(go, engine, cli, folder / "pulumi", version)
        build_host(go, folder, "python", language, "sdk/v3/python/cmd/pulumi-language-python")
        where = [go, "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"]
        sdk = Path(run(where, cwd=engine).strip())
        for script in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
            target = folder / Path(script).name
            shutil.copyfile(sdk / "python" / script, target)
            target.chmod(0o755)
            shutil.copy2(target, folder / "legacy")

    return cache.kept("cli", cache_key(engine, language), fill)


def build_host(go: str, folder: Path, name: str, module: Path, package: str) -> None:
    """An old host, and before it the front that speaks to a current engine."""
    legacy = folder / "legacy"
    legacy.mkdir(exist_ok=True)
    host = f"pulumi-language-{name}"
    flags = "-ldflags=-s -w"
    go_build(go, module, f"github.com/pulumi/pulumi/{package}", legacy / host, flags)
    go_build(go, TOOLS / "engine", "./language-front", folder / host, flags)


def build_languages() -> Path:
    """The hosts of the other languages."""
    engine, languages = TOOLS / "engine", TOOLS / "languages"

    def fill(folder: Path) -> None:
        go = require_go()
        node = "sdk/v3/nodejs/cmd/pulumi-language-nodejs"
        build_host(go, folder, "nodejs", languages / "nodejs", node)
        build_host(go, folder, "go", languages / "go", "sdk/v3/go/pulumi-language-go")
        # Kept in a module of its own, it is current and needs no front.
        name = "pulumi-language-yaml"
        yaml = f"github.com/pulumi/pulumi-yaml/cmd/{name}"
        go_build(go, languages / "yaml", yaml, folder / name, "-ldflags=-s -w")

    return cache.kept("languages", cache_key(engine, languages), fill)


def build_docker_plugin() -> Path:
    """The plugin that Pulumi's Docker provider is built into, with its schema."""
    source = TOOLS / "docker-plugin"

    def fill(folder: Path) -> None:
        go = require_go()
        module = folder / "module"
        shutil.copytree(source, module)
        tags = "-tags=no_compose"
        generator, plugin = folder / "pulumi-tfgen-docker", folder / "pulumi-resource-docker"
        go_build(go, module, "./cmd/pulumi-tfgen-docker", generator, tags)
        schema = module / "cmd" / plugin.name / "schema.json"
        schema.write_text(run([str(generator)]))
        go_build(go, module, f"./cmd/{plugin.name}", plugin, tags, "-ldflags=-s -w")
        generator.unlink()
        shutil.rmtree(module)

    return cache.kept("docker-plugin", cache_key(source), fill)


# --- choosing --------------------------------------------------------------------------


def installed_cli() -> Path | None:
    """The folder of a Pulumi CLI on PATH that is new enough and has its Python host."""
    found = shutil.which("pulumi")
    if found is None or shutil.which("pulumi-language-python") is None:
        return None
    version = run([found, "version"], env={"PULUMI_SKIP_UPDATE_CHECK": "1"})
    if parse_version(version) < MINIMUM_CLI:
        say(f"the installed Pulumi CLI {version.strip()} is too old for this project")
        return None
    return Path(found).resolve().parent


def link_cli(source: Path, bin_dir: Path) -> None:
    """Make ``bin_dir`` hold the CLI, by links, so that one PATH entry serves every machine."""
    bin_dir.mkdir(parents=True, exist_ok=True)
    for tool in source.iterdir():
        if tool.name.startswith("pulumi"):
            link = bin_dir / tool.name
            link.unlink(missing_ok=True)
            link.symlink_to(tool)


class Plugins:
    """The plugins of a Pulumi home."""

    def __init__(self, pulumi: Path, home: Path) -> None:
        self.pulumi = str(pulumi)
        self.env = {"PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "1"}

    def has(self, name: str, version: str) -> bool:
        listed = json.loads(run([self.pulumi, "plugin", "ls", "--json"], env=self.env))
        return any(p["name"] == name and p.get("version") == version for p in listed)

    def download(self, name: str, version: str) -> bool:
        say(f"asking for the published {name} plugin {version}")
        try:
            result = subprocess.run(
                [self.pulumi, "plugin", "install", "resource", name, version],
                env={**os.environ, **self.env},
                capture_output=True,
                timeout=DOWNLOAD_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return result.returncode == 0

    def install_file(self, name: str, version: str, path: Path) -> None:
        run(
            [
                *(self.pulumi, "plugin", "install", "resource", name, version),
                *("--file", str(path), "--reinstall"),
            ],
            env=self.env,
        )


def aws_stand_in(home: Path, python: Path) -> Path:
    """A folder with an executable that serves the lab's stand-in AWS plugin."""
    folder = home / "aws-stand-in"
    folder.mkdir(parents=True, exist_ok=True)
    launcher = folder / "pulumi-resource-aws"
    launcher.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{python}" -m lab.aws_plugin "$@"\n', encoding="utf-8"
    )
    launcher.chmod(0o755)
    return folder


def provide_plugins(plugins: Plugins, home: Path, python: Path) -> None:
    if not plugins.has("docker", DOCKER_PLUGIN_VERSION) and not plugins.download(
        "docker", DOCKER_PLUGIN_VERSION
    ):
        say("the published docker plugin cannot be had here: building it")
        plugins.install_file("docker", DOCKER_PLUGIN_VERSION, build_docker_plugin())
    if not plugins.has("aws", AWS_PLUGIN_VERSION) and not plugins.download(
        "aws", AWS_PLUGIN_VERSION
    ):
        say("the published aws plugin cannot be had here: using the local cloud's stand-in")
        plugins.install_file("aws", AWS_PLUGIN_VERSION, aws_stand_in(home, python))


def main() -> int:
    parser = argparse.ArgumentParser(description="Provide the Pulumi toolchain of this project.")
    parser.add_argument("--home", type=Path, required=True, help="the project's own Pulumi home")
    parser.add_argument("--bin", type=Path, required=True, help="folder for links to the CLI")
    parser.add_argument("--python", type=Path, required=True, help="the project's interpreter")
    parser.add_argument("--languages", action="store_true", help="hosts of YAML, Node.js and Go")
    args = parser.parse_args()
    home, bin_dir, python = (p.absolute() for p in (args.home, args.bin, args.python))
    try:
        cli = installed_cli()
        if cli is None:
            say("no Pulumi CLI on this machine: using the one built from the pinned Go modules")
            cli = build_cli()
        link_cli(cli, bin_dir)
        if args.languages and not (cli / "pulumi-language-nodejs").exists():
            link_cli(build_languages(), bin_dir)
        home.mkdir(parents=True, exist_ok=True)
        provide_plugins(Plugins(bin_dir / "pulumi", home), home, python)
    except ToolchainError as error:
        print(f"setup: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
