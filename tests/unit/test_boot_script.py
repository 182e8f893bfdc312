"""What the boot script decides from what it is told: its functions, with the world as told."""

import json
import os
import subprocess
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

SCRIPT = files("pulumi_swarm.bootstrap").joinpath("swarm-bootstrap.sh").read_text(encoding="utf-8")
FUNCTIONS = SCRIPT.partition("\numask 077")[0].replace("/etc/swarm/node.conf", "/dev/null")
REAP = """
engine() { echo "$1 $2" >>"$work/asked"; echo 200; }
reap
"""


LONG_AGO = "2026-01-01T00:00:00.000000000Z"


def node(name: str, state: str = "down", **labels: str) -> dict[str, Any]:
    return {
        "ID": name,
        "CreatedAt": LONG_AGO,
        "UpdatedAt": LONG_AGO,
        "Status": {"State": state},
        "Description": {"Hostname": name, "Engine": {"Labels": labels}},
    }


def ran(folder: Path, program: str, **settings: str) -> list[str]:
    """What a program that has the script's functions prints; /etc/swarm is a folder within."""
    etc = folder / "etc"
    etc.mkdir(exist_ok=True)
    always = {"BOOT_TIMEOUT_SECONDS": "60", "RUNTIME_DIRECTORY": str(folder)}
    return subprocess.run(
        ["sh", "-eu"],
        input=FUNCTIONS.replace("/etc/swarm", str(etc)) + program,
        env={**os.environ, **always, **settings},
        text=True,
        capture_output=True,
        check=True,
    ).stdout.splitlines()


def reaped(folder: Path, *nodes: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What was asked of Docker, and what was said."""
    (folder / "nodes").write_text(json.dumps(nodes), encoding="utf-8")
    (folder / "asked").touch()
    said = ran(folder, REAP, REAP_AFTER_SECONDS="60")
    return (folder / "asked").read_text(encoding="utf-8").splitlines(), said


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


def test_join_that_broke_off_is_taken_off_and_one_that_goes_on_is_not_qr_4(tmp_path: Path) -> None:
    """Both are on the list without a name: that of a node comes with its first session."""
    nameless: dict[str, Any] = {"Description": {"Engine": {}}}
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.1Z"
    asked, said = reaped(
        tmp_path,
        {**node("broken", "unknown"), **nameless},
        {**node("broken-and-down"), **nameless},
        {**node("joining", "unknown"), **nameless, "CreatedAt": now},
    )
    assert asked == [f"DELETE /nodes/{name}?force=true" for name in ("broken", "broken-and-down")]
    assert said[0] == "swarm-bootstrap: took broken of a broken join off the list"


def test_label_of_a_machine_names_nothing_else_to_take_away(tmp_path: Path) -> None:
    hostile = "web\nswarm-worker-0 x\n../services/app x\x1b[2J"
    asked, said = reaped(tmp_path, node("mine", **{"swarm.pool": hostile}))
    assert asked == ["DELETE /nodes/mine?force=true"]
    assert len(said) == 1
    assert said[0].isprintable()


COME_BACK = """
identity=i-1 WORKER_SECRET=s
get_secret() { echo "$1 $2" >>"$work/asked"; printf '%s\n' "$told" >"$work/value"; }
timeout() { shift; echo "$*" >>"$work/asked"; }
swarm_state() { echo "$state"; }
systemctl() { echo "systemctl $*"; }
come_back
"""


def comes_back(folder: Path, told: str, state: str = "inactive") -> bool:
    """Whether a machine that was taken out joins again, by what the secret says."""
    joined = folder / "etc/joined"
    joined.parent.mkdir(exist_ok=True)
    joined.touch()
    said = ran(folder, COME_BACK, told=told, state=state)
    joins = "systemctl restart --no-block swarm-bootstrap" in said
    assert joins != joined.exists()
    return joins


def test_machine_that_was_taken_out_comes_back_once_for_each_time_that_it_is_let_in_qr_4(
    tmp_path: Path,
) -> None:
    for nobody in ("let in again:", "let in again:\ni-12 a\nxi-1 a"):
        assert not comes_back(tmp_path, nobody)
    assert comes_back(tmp_path, "let in again:\ni-1 a\ni-2 b")
    assert not comes_back(tmp_path, "let in again:\ni-1 a")
    assert not comes_back(tmp_path, "let in again:\ni-1 c", state="active")  # it could not leave
    assert comes_back(tmp_path, "let in again:\ni-1 c")
    # Beside the token: a new one is what shuts out whoever is not trusted any more.
    asked = set((tmp_path / "asked").read_text(encoding="utf-8").splitlines())
    assert asked == {"s LETINAGAIN", "docker swarm leave --force"}


LET_IN = """
WORKER_SECRET=s
engine() { printf '%s' "$configs" >"$work/engine"; echo 200; }
put_secret() { echo "$1 $3:"; cat "$2"; return "$refused"; }
let_in_again
"""


def handed_over(folder: Path, *machines: str, refused: str = "0") -> list[str]:
    """What the leader writes when machines are to be let in."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.1Z"
    configs = [
        {"ID": f"of-{m}", "CreatedAt": now, "Spec": {"Name": f"swarm-let-in.{m}"}} for m in machines
    ]
    left = {"ID": "of-i-9", "CreatedAt": LONG_AGO, "Spec": {"Name": "swarm-let-in.i-9"}}
    return ran(folder, LET_IN, configs=json.dumps([*configs, left]), refused=refused)


def test_leader_hands_over_whom_the_swarm_lets_in_and_writes_nothing_twice(tmp_path: Path) -> None:
    nobody = ["s LETINAGAIN:", "let in again:"]
    assert handed_over(tmp_path) == nobody  # the leader before may have written otherwise
    assert handed_over(tmp_path) == []
    assert handed_over(tmp_path, "i-2", "i-1") == [*nobody, "i-1 of-i-1", "i-2 of-i-2"]
    assert handed_over(tmp_path, "i-1", "i-2") == []
    assert handed_over(tmp_path) == nobody


def test_what_could_not_be_handed_over_is_said_and_tried_again(tmp_path: Path) -> None:
    said = handed_over(tmp_path, "i-1", refused="1")
    assert "machines cannot be let in again, by the secret s" in said[-1]
    assert handed_over(tmp_path, "i-1")[-1] == "i-1 of-i-1"


def joins(folder: Path, sends_under: str, **settings: str) -> str:
    """Whether a machine that is told to advertise 10.0.0.9 would join, or what it waits for."""
    program = f"""
    address=10.0.0.9
    read_managers() {{ managers="10.0.0.1 10.0.0.2"; }}
    ip() {{ echo "$4 via 10.0.0.254 dev eth0 src {sends_under} uid 0"; }}
    if leaves_under_its_address; then echo yes; else echo "$why"; fi
    """
    told = {"ADVERTISE_ADDR": "10.0.0.9", "DATA_PATH_ADDR": "", **settings}
    (said,) = ran(folder, program, **told)
    return said


def test_machine_joins_when_it_sends_under_the_address_that_it_advertises_nw_9(
    tmp_path: Path,
) -> None:
    assert joins(tmp_path, "10.0.0.9") == "yes"
    told = joins(tmp_path, "10.0.0.5")
    assert "drop those to 10.0.0.1 from 10.0.0.5" in told
    assert told.endswith('give its routes "src 10.0.0.9"')


def test_routes_are_not_asked_for_when_overlays_go_another_way(tmp_path: Path) -> None:
    assert joins(tmp_path, "10.0.0.5", ADVERTISE_ADDR="") == "yes"
    assert joins(tmp_path, "10.0.0.5", DATA_PATH_ADDR="eth1") == "yes"


def test_waiting_rests_as_long_as_the_try_took_within_bounds(tmp_path: Path) -> None:
    program = """
    deadline=10000 said="it has only just started"
    date() { echo "$clock"; }
    sleep() { echo "$1"; }
    for clock in 100 101 109 200; do pause; done
    """
    # The first try has no beginning; then they took one second, eight, and a minute and a half.
    assert ran(tmp_path, program) == ["2", "2", "8", "15"]
