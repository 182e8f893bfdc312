"""Previews of 5, 50 and 500 nodes of which nothing changes: the components, and the same flat.

Nobody has 500 machines at hand. The API has no hosts behind it here, what waits for them does not
(tools/bench/paper), and no network is declared, for a swarm would have to hold it. What a preview
asks of the engine, the program and the plugins is the same as with them.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.lab.cloud import ROOT, Stack

from .paper import HERE as PAPER
from .paper import paper_cloud
from .previews import AIM, MANAGERS, SIZES, flat_program, preview
from .table import Row, Table

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1cJhCfqTq3UJ9TeMnMPZXZiyPW5pF7pYpZ0lY5Nf2z nobody"
POOL = {"name": "web", "minSize": 0, "maxSize": 500}
UP_SECONDS = 3600


def measure(table: Table, folder: Path) -> None:
    """Each size by components and flat, in turn; then a pool for most of the nodes."""
    smallest = 0.0
    for size in SIZES:
        work = f"preview of {size} nodes, unchanged"
        with _settled(folder / f"{size}", workerCount=size - MANAGERS) as stack:
            ours, our_peak = _timed(stack)
            theirs, their_peak = _timed(_flat(folder / f"flat-{size}", stack))
        table.add(_row(work, ours, "the same, flat", theirs))
        smallest = smallest or ours
    table.add(_row(work, ours, f"{SIZES[0]}, in proportion", smallest * size / SIZES[0], 1.0))
    memory = f"memory of that preview at {size} nodes"
    table.add(_row(memory, our_peak, "flat", their_peak, unit="MiB"))
    work = f"preview of {SIZES[0]} nodes and a pool of up to {POOL['maxSize']}, unchanged"
    few = {"workerCount": SIZES[0] - MANAGERS}
    with _settled(folder / "pool", **few, workerPools=[POOL]) as stack:
        seconds, _ = _timed(stack)
    table.add(_row(work, seconds, "the same without the pool", smallest))


def _row(
    work: str, ours: float, against: str, theirs: float, at_most: float = AIM, unit: str = "s"
) -> Row:
    return Row(work=work, ours=ours, against=against, theirs=theirs, unit=unit, at_most=at_most)


@contextmanager
def _settled(folder: Path, **inputs: Any) -> Iterator[Stack]:
    """A stack on a cloud of its own, after an update that waited for nothing."""
    folder.mkdir(parents=True)
    with paper_cloud("swarm-paper", 5113) as cloud:
        stack = Stack(folder, cloud)
        own = {"networks": [], "sshIdentityFile": "", "sshAuthorizedKeys": [KEY]}
        stack.keep(**own, managerCount=MANAGERS, **inputs)
        with _on_paper(stack, "swarm"):
            stack.up(UP_SECONDS)
        yield stack


@contextmanager
def _on_paper(stack: Stack, *plugins: str) -> Iterator[None]:
    """With plugins that make nothing."""
    project = stack.folder / "Pulumi.yaml"
    real = project.read_text(encoding="utf-8")
    paper = yaml.safe_load(real)
    paper["plugins"]["providers"] = [{"name": name, "path": str(PAPER / name)} for name in plugins]
    project.unlink()  # it may be a link to the program's own
    project.write_text(yaml.safe_dump(paper), encoding="utf-8")
    # The engine saves the whole state twice for each resource: at 500 nodes, for minutes.
    stack.environment["PULUMI_SKIP_CHECKPOINTS"] = "true"
    try:
        yield
    finally:
        project.write_text(real, encoding="utf-8")
        del stack.environment["PULUMI_SKIP_CHECKPOINTS"]


def _timed(stack: Stack) -> tuple[float, float]:
    if (changes := stack.preview()) != {}:  # warms caches, too
        raise AssertionError(f"the preview of {stack.folder} is not quiet: {changes}")
    seconds, peak = preview(stack)
    return seconds, peak.mib


def _flat(folder: Path, settled: Stack) -> Stack:
    """What a stack holds, written flat, with a state of its own that holds the same."""
    shown = settled.pulumi("stack", "export", "--stack", settled.name, "--show-secrets").stdout
    found = [
        _plain(state)
        for state in json.loads(shown)["deployment"]["resources"]
        if state["custom"] and not state["type"].startswith("pulumi:")
    ]
    folder.mkdir(parents=True)
    stack = flat_program(Stack(folder, settled.cloud, name="flat"), found)
    # Given what the components' own say they are, once made on paper.
    stack.environment["PYTHONPATH"] = str(ROOT)  # where the stand-in on paper finds the lab's
    with _on_paper(stack, "aws", "swarm"):
        stack.up(UP_SECONDS)
    del stack.environment["PYTHONPATH"]
    state = json.loads(stack.export())
    for resource in state["deployment"]["resources"]:
        index = resource["urn"].rpartition("-")[2]
        if resource["custom"] and index.isdecimal():
            resource["outputs"] = found[int(index)]["outputs"]
            resource["id"] = found[int(index)]["id"]
    imported = stack.folder / "state.json"
    imported.write_text(json.dumps(state), encoding="utf-8")
    stack.pulumi("stack", "import", "--stack", stack.name, "--file", str(imported))
    return stack


def _plain(value: Any) -> Any:
    """A part of a state with its secrets in clear, as programs write values."""
    if isinstance(value, dict):
        if "plaintext" in value and len(value) == 2:  # noqa: PLR2004  # Pulumi's mark, and the value
            return _plain(json.loads(value["plaintext"]))
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
