"""The command that probes the networks of a stack: what it takes from the state, what it shows."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from pulumi_swarm import verify
from pulumi_swarm.plan.probe import BYTES, CHECKS_OF_A_NETWORK, Findings, read_answers
from pulumi_swarm.review.quorum import NODE
from pulumi_swarm.review.sentences import NETWORK, SETTINGS


def resource(kind: str, called: str, /, **inputs: Any) -> dict[str, Any]:
    return {"type": kind, "urn": f"urn:pulumi:s::p::{kind}::{called}", "inputs": inputs}


def swarm(name: str, *networks: str) -> list[dict[str, Any]]:
    return [
        resource(NODE, f"{name}-manager-0", connection={"managers": [name]}),
        resource(NODE, f"{name}-worker-0", connection={"managers": [name]}),
        resource(SETTINGS, name, dataPathPort=7789.0),
        *(resource(NETWORK, f"{name}-{n}", name=n, options={}) for n in networks),
        resource(NETWORK, f"{name}-secure", name="secure", options={"encrypted": ""}),
    ]


def test_subject_is_the_one_swarm_of_the_stack_with_its_networks() -> None:
    found = verify.subject(swarm("swarm", "app"), None)
    assert found.connection == {"managers": ["swarm"]}
    assert found.encrypted == {"app": False, "secure": True}
    assert found.data_path_port == 7789


def test_one_of_several_swarms_must_be_named() -> None:
    two = [*swarm("blue", "app"), *swarm("green")]
    assert verify.subject(two, "green").encrypted == {"secure": True}
    for wrong in (None, "red"):
        with pytest.raises(SystemExit, match=r"--cluster \(there are: blue, green\)"):
            verify.subject(two, wrong)


def findings(dns: str) -> Findings:
    told = {"dns": dns, "icmp": "yes", "mtu": "8951/8951", "tcp": str(BYTES + 99)}
    lines = [f"answer {a} {b} {c} {v}" for a, b in ("xy", "yx") for c, v in told.items()]
    answers, _ = read_answers(lines, {"x": "manager-0", "y": "worker-0"})
    return Findings(network="app", encrypted=False, data_path_port=4789, answers=answers)


@pytest.mark.parametrize(("dns", "code"), [("yes", 0), ("no", 1)])
def test_command_exits_by_what_it_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], dns: str, code: int
) -> None:
    asked: list[dict[str, Any]] = []

    def probed(inputs: dict[str, Any]) -> Findings:
        asked.append(inputs)
        return findings(dns)

    monkeypatch.setattr(verify, "exported", lambda _stack: swarm("swarm", "app"))
    monkeypatch.setattr(verify, "probe", probed)
    assert verify.main(["--json", "app"]) == code
    said = json.loads(capsys.readouterr().out)["app"]
    assert said["good"] is (code == 0)
    assert said["matrix"]["manager-0"]["worker-0"]["dns"] == dns
    assert bool(said["causes"]) is (code == 1)
    assert asked[0]["checks"] == ["dns", "icmp", "tcp", "mtu"]


def test_every_network_is_probed_when_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def probed(inputs: dict[str, Any]) -> Findings:
        asked.append(inputs)
        return findings("yes")

    monkeypatch.setattr(verify, "exported", lambda _stack: swarm("swarm", "app"))
    monkeypatch.setattr(verify, "probe", probed)
    assert verify.main([]) == 0
    assert [(a["network"], a["encrypted"]) for a in asked] == [("app", False), ("secure", True)]


def test_table_has_a_row_for_each_pair() -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(verify.table(findings("yes"), CHECKS_OF_A_NETWORK))
    text = console.export_text()
    assert [line for line in text.splitlines() if "manager-0" in line and "worker-0" in line]
    assert "8951/8951" in text
