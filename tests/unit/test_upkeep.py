"""What managers do about machines of pools, whatever these say of themselves."""

import json
import os
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

SCRIPT = files("pulumi_swarm.bootstrap").joinpath("swarm-bootstrap.sh").read_text(encoding="utf-8")
FUNCTIONS = SCRIPT.partition("\numask 077")[0].replace("/etc/swarm/node.conf", "/dev/null")
REAP = """
engine() { echo "$1 $2" >>"$work/asked"; echo 200; }
reap
"""


def node(name: str, state: str = "down", **labels: str) -> dict[str, Any]:
    return {
        "ID": name,
        "UpdatedAt": "2026-01-01T00:00:00.000000000Z",
        "Status": {"State": state},
        "Description": {"Engine": {"Labels": labels}},
    }


def reaped(folder: Path, *nodes: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What was asked of Docker, and what was said."""
    (folder / "nodes").write_text(json.dumps(nodes), encoding="utf-8")
    (folder / "asked").touch()
    settings = {"BOOT_TIMEOUT_SECONDS": "60", "REAP_AFTER_SECONDS": "60"}
    ran = subprocess.run(
        ["sh", "-eu"],
        input=FUNCTIONS + REAP,
        env={**os.environ, **settings, "RUNTIME_DIRECTORY": str(folder)},
        text=True,
        capture_output=True,
        check=True,
    )
    return (folder / "asked").read_text(encoding="utf-8").splitlines(), ran.stdout.splitlines()


def test_machines_of_pools_that_are_down_are_taken_off_the_list_and_no_others(
    tmp_path: Path,
) -> None:
    gone, here, others = (
        node("gone", **{"swarm.pool": "web"}),
        node("here", "ready", **{"swarm.pool": "web"}),
        node("others"),
    )
    asked, said = reaped(tmp_path, gone, here, others)
    assert asked == ["DELETE /nodes/gone?force=true"]
    assert said == ['swarm-bootstrap: took gone of pool "web" off the list']


def test_label_of_a_machine_names_nothing_else_to_take_away(tmp_path: Path) -> None:
    hostile = "web\nswarm-worker-0 x\n../services/app x\x1b[2J"
    asked, said = reaped(tmp_path, node("mine", **{"swarm.pool": hostile}))
    assert asked == ["DELETE /nodes/mine?force=true"]
    assert len(said) == 1
    assert said[0].isprintable()
