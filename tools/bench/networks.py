"""Networks made, changed and read: ours, OpenTofu with the same provider, a shell loop.

By a program of networks alone, as OpenTofu's configuration is, and by the swarm's own stack, where
they go by the connection that the plugin holds and all else is looked at as well.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.lab.cloud import LocalCloud, Stack, run

from . import others
from .table import Row, Table, stopwatch

SIZES = (1, 10, 100)
AT_ONCE = 50  # both tools; the managers' sshd takes 500 connections
MANY_TO_ONE = 3.0  # 100 networks take at most as many times the time of one
PROGRAM = """
import json
import pulumi
import pulumi_docker as docker
from pulumi_swarm import OverlayNetwork

given = json.loads(open("given.json").read())
provider = docker.Provider("swarm", host=given["host"], ssh_opts=given["ssh_opts"])
for index in range(given["count"]):
    OverlayNetwork(
        f"n{index}",
        {"name": f"n{index}", "labels": {"round": str(given["round"])}},
        pulumi.ResourceOptions(providers=[provider]),
    )
"""
CONFIGURATION = """
terraform {{
  required_providers {{
    docker = {{ source = "kreuzwerker/docker" }}
  }}
}}
provider "docker" {{
  host     = {host}
  ssh_opts = {ssh_opts}
}}
resource "docker_network" "n" {{
  count  = {count}
  name   = "n${{count.index}}"
  driver = "overlay"
  labels {{
    label = "round"
    value = "{round}"
  }}
}}
"""
Times = dict[str, float]


def measure(table: Table, swarm: Stack, cloud: LocalCloud, folder: Path) -> None:
    """Both tools at every size, in turn, so that both meet the same machine."""
    where = {"host": swarm.outputs()["docker_host"], "ssh_opts": swarm.ssh_options()}
    ours: dict[int, Times] = {}
    theirs: dict[int, Times] = {}
    for size in SIZES:
        ours[size] = _with_pulumi(folder / f"pulumi-{size}", cloud, {**where, "count": size})
        theirs[size] = _with_opentofu(folder / f"tofu-{size}", swarm, {**where, "count": size})
        for what, seconds in ours[size].items():
            noun = "network" if size == 1 else "networks"
            work = f"{size} {noun} {what}"
            table.add(_beside_opentofu(work, seconds, theirs[size][what]))
    most = max(SIZES)
    by_program = ours[most]["made"], ours[min(SIZES)]["made"]
    by_swarm = _in_the_stack(swarm, most), _in_the_stack(swarm, min(SIZES))
    own = f"{most} networks made in the swarm's own stack"
    table.add(_beside_opentofu(own, by_swarm[0], theirs[most]["made"]))
    for work, (many, one) in ((f"{most} networks made", by_program), (own, by_swarm)):
        against = "one network made so"
        table.add(Row(work=work, ours=many, against=against, theirs=one, at_most=MANY_TO_ONE))
    loop = "docker network create in a loop (the floor)"
    table.add(Row(work=own, ours=by_swarm[0], against=loop, theirs=_with_a_loop(cloud, most)))


def _beside_opentofu(work: str, ours: float, theirs: float) -> Row:
    return Row(work=work, ours=ours, against="OpenTofu", theirs=theirs, at_most=1.0)


def _in_the_stack(swarm: Stack, count: int) -> float:
    """Networks that an update of the whole stack adds; they are gone afterwards."""
    up = ("up", "--stack", swarm.name, "--yes", "--skip-preview", f"--parallel={AT_ONCE}")
    base = swarm.base("networks")
    try:
        swarm.configure(networks=[*base, *({"name": f"n{i}"} for i in range(count))])
        with stopwatch() as seconds:
            swarm.pulumi(*up)
        return seconds()
    finally:
        swarm.configure()
        swarm.pulumi(*up)


def _with_pulumi(folder: Path, cloud: LocalCloud, given: Mapping[str, object]) -> Times:
    folder.mkdir(parents=True)
    stack = Stack(folder, cloud, name="bench")
    project = {
        "name": "networks",
        "runtime": {"name": "python", "options": {"virtualenv": ".venv"}},
    }
    (stack.folder / "Pulumi.bench.yaml").write_text("config: {}\n", encoding="utf-8")
    stack.replace_program(json.dumps(project), PROGRAM)

    def timed(command: str, number: int) -> float:
        told = json.dumps({**given, "round": number})
        (stack.folder / "given.json").write_text(told, encoding="utf-8")
        with stopwatch() as seconds:
            flags = ("--stack", "bench", "--yes", "--skip-preview", f"--parallel={AT_ONCE}")
            stack.pulumi(command, *flags)
        return seconds()

    try:
        return {"made": timed("up", 1), "changed": timed("up", 2), "read": timed("refresh", 2)}
    finally:
        stack.destroy()


def _with_opentofu(folder: Path, stack: Stack, given: Mapping[str, object]) -> Times:
    tools = others.opentofu()
    folder.mkdir(parents=True)
    environment = {**stack.environment, "TF_CLI_CONFIG_FILE": str(tools / "cli.tfrc")}

    def timed(number: int, *command: str) -> float:
        quoted = {key: json.dumps(value) for key, value in given.items()}
        text = CONFIGURATION.format(**quoted, round=number)
        (folder / "main.tf").write_text(text, encoding="utf-8")
        with stopwatch() as seconds:
            run((str(tools / "tofu"), *command), folder, environment, seconds=600)
        return seconds()

    change = ("apply", "-auto-approve", f"-parallelism={AT_ONCE}")
    read = ("apply", "-refresh-only", "-auto-approve", f"-parallelism={AT_ONCE}")
    try:
        return {"made": timed(1, *change), "changed": timed(2, *change), "read": timed(2, *read)}
    finally:
        timed(2, "destroy", "-auto-approve", f"-parallelism={AT_ONCE}")


def _with_a_loop(cloud: LocalCloud, count: int) -> float:
    each = f"for i in $(seq {count}); do docker network %s; done"
    with stopwatch() as seconds:
        cloud.on("swarm-manager-0", "sh", "-c", each % "create -d overlay loop$i")
    cloud.on("swarm-manager-0", "sh", "-c", each % "rm loop$i")
    return seconds()
