"""A local cloud and a stack on it, as tests use them."""

import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab import cleanup
from lab.cloud import client
from lab.settings import BUSYBOX_IMAGE, DEBIANS_ENGINE, Settings
from pulumi_swarm.plan.probe import PROBE_TIMEOUT_SECONDS

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".pulumi-home"
AMI = "ami-0123456789abcdef0"  # none that the local cloud knows: it boots its usual root then
LINKED = ("Pulumi.yaml", "__main__.py", "components", ".venv")

Changes = dict[tuple[str, str], str]

# What the hosts of a cloud have, unless a test says otherwise (make test-engine).
ENGINE = os.environ.get("SWARM_TEST_ENGINE", DEBIANS_ENGINE)
COMMAND_SECONDS = 240
# An emulated guest takes about ten times as long, one in user mode up to four, on one processor.
PATIENCE = {"tcg": 20, "uml": 8}.get(os.environ.get("GUEST_ACCELERATOR", ""), 1)

IN_GUEST = "REAL_KERNEL" in os.environ  # tools/guest/guest.py


class No(str):
    """An answer that counts as false, and says what was seen instead."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


def eventually(
    probe: Callable[[], Any], seconds: float, what: str, *, pause_seconds: float = 0.3
) -> Any:
    """The first truthy answer of ``probe``; fails with the last one when time is over."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}; last: {answer!r}"
        time.sleep(pause_seconds)


def run(
    argv: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    check: bool = True,
    given: str = "",
    seconds: int = COMMAND_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """A command in a folder; one that fails says what it printed."""
    result = subprocess.run(
        argv,
        cwd=folder,
        env=environment,
        input=given,
        text=True,
        capture_output=True,
        check=False,
        timeout=seconds * PATIENCE,
    )
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: {result.stdout}{result.stderr}")
    return result


@dataclass(frozen=True)
class LocalCloud:
    """One local cloud with its command line."""

    config: Settings
    environment: Mapping[str, str]

    @property
    def own_environment(self) -> dict[str, str]:
        """The environment that tells programs of the lab which cloud is meant."""
        return {
            **self.environment,
            "SWARM_LAB": self.config.name,
            "SWARM_LAB_PORT": str(self.config.api_port),
            "SWARM_LAB_ENGINE": self.config.engine,
        }

    def lab(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        argv = (sys.executable, "-m", "lab", *arguments)
        return run(argv, ROOT, self.own_environment, check=check, seconds=300)

    def on(self, host: str, *argv: str, check: bool = True) -> str:
        """Run a command on a host; returns what it printed."""
        result = self.lab("exec", host, "--", *argv, check=False)
        if check and result.returncode != 0:
            raise AssertionError(f"{host}$ {' '.join(argv)}: {result.stdout}{result.stderr}")
        return result.stdout + ("" if check else result.stderr)

    def succeeds(self, host: str, *argv: str) -> bool:
        return self.lab("exec", host, "--", *argv, check=False).returncode == 0

    def hosts(self) -> dict[str, dict[str, Any]]:
        listed = json.loads(self.config.status_file.read_text(encoding="utf-8"))
        return {host["name"]: host for host in listed}

    def aws(self, service: str) -> Any:
        return client(self.config, service)

    def secret_arn(self, name: str) -> str:
        """The secret of the stack's swarm that has this name."""
        listed = self.aws("secretsmanager").list_secrets()["SecretList"]
        (found,) = [s["ARN"] for s in listed if s["Name"].startswith(f"swarm-{name}")]
        return str(found)

    def kept(self, name: str) -> str:
        """What such a secret holds."""
        secrets = self.aws("secretsmanager")
        return str(secrets.get_secret_value(SecretId=self.secret_arn(name))["SecretString"])

    def launch(self, name: str, subnet: str, **options: Any) -> Any:
        """Start a machine that no stack knows of; returns EC2's description of it."""
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        return self.aws("ec2").run_instances(
            ImageId=AMI,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            TagSpecifications=tags,
            **options,
        )["Instances"][0]

    def reboot(self, *names: str, seconds: float = 30) -> None:
        """Reboot hosts at once, and wait until each has begun its next life."""
        before = self.hosts()
        self.aws("ec2").reboot_instances(InstanceIds=[before[name]["instance"] for name in names])

        def begun() -> bool:
            now = self.hosts()
            return all(now[name]["boots"] > before[name]["boots"] for name in names)

        eventually(begun, seconds, f"{names} reboot")


def boothook(commands: str) -> list[dict[str, str]]:
    """User-data that runs at each boot, before sshd and the bootstrap."""
    script = f"#cloud-boothook\n#!/bin/sh\n{commands}\n"
    return [{"contentType": "text/cloud-boothook", "content": script}]


def slow_boot(seconds: int) -> list[dict[str, str]]:
    """User-data that holds a machine up before sshd and the bootstrap.

    Runs on new machines alone: user-data that changes replaces nothing.
    """
    return boothook(f"sleep {seconds}")


class Stack:
    """The root program as it stands, with its local stack pointed at a cloud of the tests' own."""

    def __init__(
        self, folder: Path, cloud: LocalCloud, *, name: str = "local", source: Path = ROOT
    ) -> None:
        self.name = name
        self.cloud = cloud
        self.folder = folder / "program"
        (self.folder / "stacks").mkdir(parents=True)
        (folder / "state").mkdir()
        for part in LINKED:
            (self.folder / part).symlink_to((ROOT if part == ".venv" else source) / part)
        self._base = local_stack(cloud)
        # A host here boots in seconds: what takes longer has failed, and should say so soon.
        self._base["config"]["swarm:bootTimeoutSeconds"] = 120 * PATIENCE
        self._base["config"]["swarm:reapAfterSeconds"] = 45
        # Before what the environment has installed, which is this tree's own.
        package = {} if source == ROOT else {"PYTHONPATH": str(source / "components")}
        # An emulated manager's sshd does not answer many at once within reach.py's patience.
        at_once = {"PULUMI_PARALLEL": "2"} if PATIENCE > 1 else {}
        self.environment = {**pulumi_environment(cloud, folder / "state"), **package, **at_once}
        self.configure()
        self.pulumi("stack", "init", name)

    def replace_program(self, project: str, program: str) -> None:
        """Be another program, with a stack of the same name."""
        for part, text in (("Pulumi.yaml", project), ("__main__.py", program)):
            (self.folder / part).unlink()
            (self.folder / part).write_text(text, encoding="utf-8")
        self.pulumi("stack", "init", self.name)

    def use(self, source: Path) -> None:
        """Go on with the program as another tree has it."""
        for part in ("Pulumi.yaml", "__main__.py", "components"):
            (self.folder / part).unlink()
            (self.folder / part).symlink_to(source / part)
        self.environment.pop("PYTHONPATH", None)

    def configure(self, **changes: Any) -> None:
        """Set inputs of the program on top of the stack's own; None takes one away."""
        config = dict(self._base["config"])
        for key, value in changes.items():
            config.pop(f"swarm:{key}", None)
            if value is not None:
                config[f"swarm:{key}"] = value
        document = {**self._base, "config": config}
        path = self.folder / f"stacks/Pulumi.{self.name}.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")

    def base(self, key: str) -> Any:
        """An input of the program as the stack itself has it."""
        return self._base["config"].get(f"swarm:{key}")

    def raised(self, *keys: str) -> dict[str, int]:
        """The generations of single nodes, with a new one for each of these."""
        held = dict(self.base("nodeGenerations") or {})
        return held | {key: held.get(key, 1) + 1 for key in keys}

    def keep(self, **changes: Any) -> None:
        """Make changes part of the stack's own configuration."""
        self._base["config"] |= {f"swarm:{key}": value for key, value in changes.items()}
        self.configure()

    def pulumi(
        self, *arguments: str, check: bool = True, seconds: int = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        argv = ("pulumi", *arguments, "--non-interactive", "--color=never")
        return run(argv, self.folder, self.environment, check=check, seconds=seconds)

    def login(self, manager: str, *command: str, given: str = "") -> str:
        """What a command says on a manager, by the way that users have."""
        argv = (sys.executable, "-m", "pulumi_swarm.login", "--stack", self.name, manager)
        return run((*argv, *command), self.folder, self.environment, given=given).stdout

    def command(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One of the package's commands about the stack, as users run it."""
        argv = (sys.executable, "-m", f"pulumi_swarm.{name}", "--stack", self.name, *arguments)
        environment = {**self.environment, "COLUMNS": "160"}
        return run(argv, self.folder, environment, check=False, seconds=400)

    def preview(self) -> Changes:
        """What a preview would change: {(type, name): operation}.

        Without what stays the same, and without components, whose own step says
        no more than that an input of theirs has changed.
        """
        shown = json.loads(self.preview_json())
        return {
            (step["urn"].split("::")[2].rpartition("$")[2], step["urn"].split("::")[3]): step["op"]
            for step in shown["steps"]
            if step["op"] not in ("same", "read", "create-replacement", "delete-replaced")
            and (step.get("newState") or step["oldState"]).get("custom", False)
        }

    def preview_json(self, *flags: str) -> str:
        return self.pulumi("preview", "--stack", self.name, "--json", *flags).stdout

    def up(self, seconds: int = COMMAND_SECONDS) -> str:
        return self._carry_out("up", seconds=seconds).stdout

    def refresh(self) -> str:
        return self._carry_out("refresh").stdout

    def destroy(self) -> str:
        return self._carry_out("destroy").stdout

    def attempt(self, command: str) -> subprocess.CompletedProcess[str]:
        """One of those three, whether it succeeds or not."""
        return self._carry_out(command, check=False)

    def _carry_out(
        self, command: str, *, check: bool = True, seconds: int = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        flags = ("--stack", self.name, "--yes", "--skip-preview")
        return self.pulumi(command, *flags, check=check, seconds=seconds)

    def export(self) -> str:
        return self.pulumi("stack", "export", "--stack", self.name).stdout

    def resources(self) -> list[dict[str, Any]]:
        """Every resource as the state holds it."""
        found: list[dict[str, Any]] = json.loads(self.export())["deployment"].get("resources", [])
        return found

    def ssh_options(self) -> list[str]:
        """The options by which the stack's Docker provider reaches the managers."""
        (provider,) = [r for r in self.resources() if r["type"] == "pulumi:providers:docker"]
        options = provider["inputs"]["sshOpts"]
        return list(json.loads(options) if isinstance(options, str) else options)

    def outputs(self) -> dict[str, Any]:
        shown = self.pulumi("stack", "output", "--stack", self.name, "--json").stdout
        outputs: dict[str, Any] = json.loads(shown)
        return outputs


def verify(stack: Stack, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the findings of a probe of networks."""
    patience = ("--timeout-seconds", str(PROBE_TIMEOUT_SECONDS * PATIENCE))
    result = stack.command("verify", "--json", "--image", BUSYBOX_IMAGE, *patience, *arguments)
    assert result.stdout, result.stderr
    return result.returncode, json.loads(result.stdout)


def local_stack(cloud: LocalCloud) -> dict[str, Any]:
    """The project's local stack file, pointed at a cloud of the tests' own."""
    text = (ROOT / "stacks/Pulumi.local.yaml").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:5100", f"127.0.0.1:{cloud.config.api_port}")
    found: dict[str, Any] = yaml.safe_load(text.replace("swarm-lab", cloud.config.name))
    return found


def pulumi_environment(cloud: LocalCloud, state: Path) -> dict[str, str]:
    """The project's own Pulumi, with its state in a folder."""
    return {
        **cloud.environment,
        "PATH": f"{HOME / 'bin'}:{cloud.environment['PATH']}",
        "PULUMI_HOME": str(HOME),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "local",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


@contextmanager
def running_cloud(name: str, port: int, engine: str = ENGINE) -> Iterator[LocalCloud]:
    """A cloud from nothing, of which nothing is left afterwards."""
    made = make_cloud(name, port, engine)
    made.lab("down")
    made.lab("up")
    try:
        yield made
        log = made.config.log_file.read_text(encoding="utf-8")
        if "Traceback" in log:
            # The cloud goes on; what a test then missed on it has its reason here.
            warnings.warn(f"the local cloud {name} said: {log[-4000:]}", stacklevel=2)
    finally:
        made.lab("down")
    assert cleanup.traces(made.config) == []


def make_cloud(name: str, port: int, engine: str = ENGINE) -> LocalCloud:
    # Without settings of the machine, Python's too: PYTHONUNBUFFERED on this one hid that on
    # others policy packs never started.
    own = ("AWS_", "DOCKER_", "PULUMI_", "PYTHON", "SWARM_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    state = Path(f"/var/lib/{name}")
    settings = Settings(name=name, state=state, api_port=port, engine=engine)
    return LocalCloud(config=settings, environment=environment)
