"""Previews of 5, 50 and 500 nodes, and their memory: the components, and the same written flat."""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from tests.lab.cloud import LocalCloud, Stack

from .table import Row, Table, stopwatch

SIZES = (5, 50, 500)
MANAGERS = 3
AIM = 1.2
# Each with room for the most nodes, and a task on each.
NETWORKS = (
    {"name": "app", "subnet": "10.212.0.0/20"},
    {"name": "shared", "attachable": True, "subnet": "10.212.16.0/20"},
    {"name": "secure", "encrypted": True, "attachable": True, "subnet": "10.212.32.0/20"},
)
SAMPLE_SECONDS = 0.2
# Everything that the preview of the components would make, in one loop without any component: by
# the SDKs' own classes and with what each waits for, as one would write it. What comes from
# another resource is given as an output that waits for it, as ``subnet_id=subnet.id`` does, so
# that the engine learns which input waits for what, here too; what several share is one output.
# Both are work: an instance has sixty outputs, and what is asked for at once is there sooner than
# what waits. It begins and ends as the program does (__main__.py).
FLAT = """
import asyncio
import gc
gc.disable()
import importlib
import json
import re
import pulumi
import pulumi_docker
from pulumi_aws import ec2, iam, secretsmanager, ssm, vpc
from pulumi_aws.ec2 import Instance
from pulumi_docker import Network

made = []
outputs = {}

def given_by(resources, value):
    key = json.dumps([resources, value], sort_keys=True)
    if key not in outputs:
        urns = [made[i].urn for i in resources]
        waited_for = pulumi.Output.all(*urns) if urns[1:] else urns[0]
        outputs[key] = waited_for.apply(lambda _: value)
    return outputs[key]

for index, found in enumerate(json.load(open("resources.json"))):
    package, module, kind = found["type"].split(":")
    name = f"{found['name']}-{index}"  # without parents, names alone tell them apart
    opts = pulumi.ResourceOptions(depends_on=[made[i] for i in found["after"]])
    given = {key: given_by(of, found["inputs"][key]) for key, of in found["given"].items()}
    inputs = found["inputs"] | given
    if package == "swarm":
        made.append(pulumi.CustomResource(found["type"], name, inputs, opts))
        continue
    within = module.partition("/")[0]
    sdk = importlib.import_module(f"pulumi_{package}.{within}".removesuffix(".index"))
    snake = {re.sub("([A-Z])", r"_\\1", key).lower(): value for key, value in inputs.items()}
    made.append(getattr(sdk, kind)(name, **snake, opts=opts))

async def begin_registrations():
    await asyncio.sleep(0)
    gc.freeze()
    gc.enable()

pulumi.run(begin_registrations)
"""


@dataclass
class Peak:
    """The most memory that a process and all below it held at once."""

    mib: float = 0.0


def measure(table: Table, cloud: LocalCloud, folder: Path) -> None:
    """Each size by components and flat, in turn."""
    smallest = 0.0
    for size in SIZES:
        stack = Stack(_fresh(folder / f"components-{size}"), cloud)
        stack.configure(managerCount=MANAGERS, workerCount=size - MANAGERS, networks=list(NETWORKS))
        steps = json.loads(stack.preview_json())["steps"]  # warms caches, too
        ours, our_peak = preview(stack)
        states = [step["newState"] for step in steps if "newState" in step]
        flat = flat_program(Stack(_fresh(folder / f"flat-{size}"), cloud, name="flat"), states)
        preview(flat)
        theirs, their_peak = preview(flat)
        work = f"preview of {size} nodes from nothing"
        table.add(Row(work=work, ours=ours, against="the same, flat", theirs=theirs, at_most=AIM))
        smallest = smallest or ours
        if size == max(SIZES):
            table.add(
                Row(
                    work=f"memory of that preview at {size} nodes",
                    ours=our_peak.mib,
                    against="the same, flat",
                    theirs=their_peak.mib,
                    unit="MiB",
                    at_most=AIM,
                )
            )
            table.add(
                Row(
                    work=f"preview of {size} nodes",
                    ours=ours,
                    against=f"{SIZES[0]} nodes, times {size // SIZES[0]}",
                    theirs=smallest * size / SIZES[0],
                    at_most=1.0,
                )
            )


def _fresh(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def flat_program(stack: Stack, states: list[dict[str, Any]]) -> Stack:
    """A program that makes what these states hold, without a component."""
    project = {
        "name": "flat",
        "stackConfigDir": "stacks",
        "runtime": {"name": "python", "options": {"virtualenv": ".venv"}},
        "plugins": {"providers": [{"name": "swarm", "path": "components"}]},
    }
    (stack.folder / "resources.json").write_text(
        json.dumps(list(_custom(states))), encoding="utf-8"
    )
    path = stack.folder / "stacks/Pulumi.flat.yaml"
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    found["config"].pop("pulumi:disable-default-providers")
    path.write_text(yaml.safe_dump(found), encoding="utf-8")
    stack.replace_program(json.dumps(project), FLAT)
    return stack


def _custom(states: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What there is besides components, in an order in which each comes after what it waits for."""
    index: dict[str, int] = {}

    def among(urns: Iterable[str]) -> list[int]:
        return sorted(index[urn] for urn in urns if urn in index)

    for state in states:
        if state.get("custom") and not state["type"].startswith("pulumi:"):
            inputs = state.get("inputs", {})
            by_input = state.get("propertyDependencies", {})
            given = {key: among(by_input.get(key) or ()) for key in inputs}
            waits_for = set(among(state.get("dependencies", ())))
            yield {
                "type": state["type"],
                "name": state["urn"].split("::")[3],
                "inputs": inputs,
                "given": {key: of for key, of in given.items() if of},
                "after": sorted(waits_for.difference(*given.values())),
            }
            index[state["urn"]] = len(index)


def preview(stack: Stack) -> tuple[float, Peak]:
    """Seconds and memory of one."""
    with _memory_below() as peak, stopwatch() as seconds:
        stack.pulumi("preview", "--stack", stack.name)
    return seconds(), peak


@contextmanager
def _memory_below() -> Iterator[Peak]:
    """Sample what this process's children hold: Pulumi, its plugins and the program."""
    peak, ended = Peak(), threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            peak.mib = max(peak.mib, _resident_mib())

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield peak
    finally:
        ended.set()
        sampler.join()


def _resident_mib() -> float:
    """Memory of everything below this process, shared pages by their share."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ended in between
            total += process.memory_full_info().pss
    return total / 2**20
