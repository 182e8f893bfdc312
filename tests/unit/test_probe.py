"""What a probe's answers mean: each thing that is missing has its cause (OverlayProbe)."""

import subprocess
from pathlib import Path

import pytest

from pulumi_swarm.plan.probe import (
    ASK,
    BYTES,
    SERVE,
    Answer,
    Check,
    Findings,
    causes,
    read_answers,
    vouched,
)

NAMES = {"n1": "manager-0", "n2": "worker-0", "n3": "worker-1"}


def log(**values: str) -> list[str]:
    """What all pairs of three nodes say when they say the same."""
    good = {"dns": "yes", "icmp": "yes", "mtu": "8951/8951", "tcp": str(BYTES + 200)}
    told = {**good, **values}
    pairs = [(a, b) for a in NAMES for b in NAMES if a != b]
    lines = [f"answer {a} {b} {check} {value}" for a, b in pairs for check, value in told.items()]
    return [*lines, *(f"answer {n} - end -" for n in NAMES)]


def found(lines: list[str], *, encrypted: bool = False) -> Findings:
    answers, ended = read_answers(lines, NAMES)
    assert ended == set(NAMES.values())
    return Findings(network="app", encrypted=encrypted, data_path_port=4789, answers=answers)


def test_network_that_carries_everything_has_no_cause() -> None:
    all_well = found(log())
    assert all_well.is_good
    assert causes(all_well) == []
    assert len(all_well.answers) == 6 * 4


@pytest.mark.parametrize(
    ("values", "encrypted", "cause"),
    [
        ({"dns": "no"}, False, "open 7946/tcp and 7946/udp"),
        ({"dns": "no", "icmp": "no"}, False, "open 7946/tcp and 7946/udp"),
        ({"icmp": "no"}, False, "open 4789/udp (VXLAN)"),
        ({"icmp": "no"}, True, "open IP protocol 50 (ESP)"),
        ({"mtu": "1450/8951"}, False, "packets above 1450 bytes are lost"),
        ({"mtu": "1450/8951", "tcp": "0"}, False, "set underlayMtu"),
        ({"tcp": "1000"}, False, "by TCP do not get"),
        ({"published": "no"}, False, "IPVS"),
    ],
)
def test_what_is_missing_names_its_one_cause(
    values: dict[str, str], encrypted: bool, cause: str
) -> None:
    broken = found(log(**values), encrypted=encrypted)
    assert not broken.is_good
    (said,) = causes(broken)
    assert cause in said


def test_node_that_is_down_or_silent_is_named_with_what_docker_says() -> None:
    broken = Findings(
        network="app",
        encrypted=False,
        data_path_port=4789,
        answers=[],
        down=["worker-0"],
        silent={"worker-1": "could not find an available IP"},
    )
    first, second = causes(broken)
    assert "worker-0 is down" in first
    assert "2377/tcp" in first
    assert second == "worker-1 gave no answer: could not find an available IP"


def test_one_node_that_is_cut_off_is_named_alone() -> None:
    lines = [line.replace(" icmp yes", " icmp no") if "n3" in line else line for line in log()]
    (said,) = causes(found(lines))
    assert "worker-1 to others or from them" in said


def test_line_of_something_else_is_no_answer() -> None:
    assert read_answers(["sh: nslookup: not found", "answer n1 n2"], NAMES) == ([], set())


def test_largest_packet_that_passed_is_held_against_the_interface() -> None:
    answers, _ = read_answers(["answer n1 n2 mtu 1400/1450"], NAMES)
    assert answers == [
        Answer(
            source="manager-0", target="worker-0", check=Check.MTU, good=False, value="1400/1450"
        )
    ]


@pytest.mark.parametrize("script", [SERVE, ASK])
def test_scripts_are_shell(script: str) -> None:
    checked = subprocess.run(
        [".venv/bin/shellcheck", "--shell=sh", "--exclude=SC2154,SC2086,SC2153", "-"],
        input=script,
        text=True,
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_node_whose_log_does_not_come_is_vouched_for_in_every_check() -> None:
    answers = vouched("a", ["b", "c"], [Check.DNS, Check.MTU])
    assert {(a.source, a.target, a.check) for a in answers} == {
        ("a", target, check) for target in ("b", "c") for check in (Check.DNS, Check.MTU)
    }
    assert all(a.good for a in answers)


@pytest.mark.parametrize(("address", "code"), [("127.0.0.1", 0), ("127.0.0.9", 1)])
def test_script_that_asks_ends_with_0_only_when_nothing_was_bad(
    tmp_path: Path, address: str, code: int
) -> None:
    """With stand-ins for what it calls: one peer is well, of the other no name is known."""
    stubs = {
        "nslookup": "echo Address: 127.0.0.1",
        "ping": "echo '2 packets transmitted, 2 packets received'",
        "ip": "echo 1.2.3.4 dev lo src 1.2.3.4",
        "nc": f"head -c {BYTES + 100} /dev/zero",
        "sleep": ":",
        "cat": "echo 1450",
    }
    for name, text in stubs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    script = ASK.replace("/bad", str(tmp_path / "bad"))
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "NODE": "n1", "PUBLISHED": ""}
    asked = subprocess.run(
        ["sh", "-c", script],
        env={**environment, "PEERS": f"n2={address}=name"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == code, asked.stdout
    assert asked.stdout.rstrip().endswith("answer n1 - end -")
