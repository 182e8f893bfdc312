"""SwarmSpec: Docker's words for it, there and back, and counters that only go up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_swarm.plan.bodies import ingress_body
from pulumi_swarm.provider import spec
from tests.unit.inputs import PEM, read

# As dockerd 20.10 shows a swarm that was just made.
PRESENT: dict[str, Any] = {
    "Name": "default",
    "Labels": {},
    "Orchestration": {"TaskHistoryRetentionLimit": 5},
    "Raft": {
        "SnapshotInterval": 10000,
        "KeepOldSnapshots": 0,
        "LogEntriesForSlowFollowers": 500,
        "ElectionTick": 10,
        "HeartbeatTick": 1,
    },
    "Dispatcher": {"HeartbeatPeriod": 5000000000},
    "CAConfig": {"NodeCertExpiry": 7776000000000000},
    "TaskDefaults": {},
    "EncryptionConfig": {"AutoLockManagers": False},
}


def inputs(**changes: Any) -> dict[str, Any]:
    plan, problems = read(**changes)
    assert problems == []
    return dict(plan.spec.inputs)


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """What Docker shows of a swarm that was given this: its root, not what it signs with."""
    authority = dict(asked["CAConfig"])
    root = authority.pop("SigningCACert", "the swarm's own")
    return {"Spec": {**asked, "CAConfig": authority}, "TLSInfo": {"TrustRoot": f"{root}\n"}}


def test_defaults_are_what_a_new_swarm_has_but_for_more_snapshots() -> None:
    raft = {**PRESENT["Raft"], "SnapshotInterval": 1000}
    assert spec.docker_spec(PRESENT, inputs()) == {**PRESENT, "Raft": raft}


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "autolock": st.booleans(),
            "cert_expiry_hours": st.integers(1, 87600),
            "task_history_limit": st.integers(0, 1000),
            "dispatcher_heartbeat_seconds": st.integers(1, 60),
            "snapshot_interval": st.integers(100, 1_000_000),
            "max_snapshots": st.integers(0, 100),
            "ca_rotation": st.integers(0, 9),
            "external_cas": st.just([{"url": "https://ca.example.com/sign", "ca_cert": PEM}]),
        },
    )
)
def test_what_is_set_is_what_is_read_back(changes: dict[str, Any]) -> None:
    if "external_cas" in changes:
        changes |= {"ca_cert": PEM}
        changes.pop("cert_expiry_hours", None)  # the authority's own
    wanted = inputs(**changes)
    set_ = spec.docker_spec(PRESENT, wanted)
    shown = spec.shown(answer(set_))
    assert shown == {name: wanted[name] for name in shown}
    assert set_["Raft"]["ElectionTick"] == 10  # what has no input stays as it is
    # And all of it can be taken back, but for a rotation.
    back = spec.docker_spec(answer(set_)["Spec"], inputs())
    back["CAConfig"].pop("ForceRotate", None)
    assert back == spec.docker_spec(PRESENT, inputs())


def test_rotation_by_hand_is_not_followed_by_another_of_ours() -> None:
    by_hand = {**PRESENT, "CAConfig": {**PRESENT["CAConfig"], "ForceRotate": 3}}
    assert spec.docker_spec(by_hand, inputs())["CAConfig"]["ForceRotate"] == 3
    assert spec.docker_spec(by_hand, inputs(ca_rotation=4))["CAConfig"]["ForceRotate"] == 4


CA = {"url": "https://ca.example.com/sign", "caCert": PEM}


def test_authorities_are_told_whole_each_time_for_docker_keeps_what_it_is_told_alone() -> None:
    wanted = inputs(external_cas=[{"url": CA["url"], "ca_cert": PEM}], ca_cert=PEM)
    asked = spec.docker_spec(PRESENT, wanted)
    again = spec.docker_spec(answer(asked)["Spec"], {**wanted, "snapshotInterval": 5000})
    assert again["CAConfig"] == asked["CAConfig"]
    assert "ExternalCAs" not in spec.docker_spec(answer(asked)["Spec"], inputs())["CAConfig"]


OURS: dict[str, Any] = {"caRotation": 1}
THEIRS = {"caRotation": 1, "caCert": PEM}
OTHERS = {"caRotation": 1, "caCert": PEM.replace("AAAA", "BBBB")}


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (THEIRS, OTHERS, "by way of its own"),
        (THEIRS, OURS, "raise caRotation in the same update"),
        (THEIRS, {**THEIRS, "caRotation": 2}, "put the counter back"),
        (THEIRS, {"caRotation": 2}, None),
        (THEIRS, {"caRotation": 2, "externalCas": []}, "nobody could sign"),
        (OURS, THEIRS, None),
        (THEIRS, THEIRS, None),
        (OURS, {**OURS, "externalCas": []}, None),
    ],
)
def test_swarm_goes_to_an_authority_outside_and_back_but_not_to_another(
    before: dict[str, Any], after: dict[str, Any], sentence: str | None
) -> None:
    held = {**inputs(), "externalCas": [CA, {**CA, "caCert": OTHERS["caCert"]}]}
    found = spec.refusals({**held, **before}, {**held, **after})
    assert [name for name, _ in found] == ([] if sentence is None else ["caCert"])
    assert sentence is None or sentence in found[0][1]


@pytest.mark.parametrize(
    ("held", "root", "rotates", "expected"),
    [
        (PEM, PEM, False, PEM),
        (PEM, "its own", True, PEM),  # on the way there
        (PEM, "its own", False, None),  # somebody took it back by hand
        (None, PEM, True, None),  # on the way back
        (None, PEM, False, None),  # nobody asked for it: a swarm of which we know the authority
    ],
)
def test_refresh_tells_of_the_root_outside_what_was_asked_for_and_came_of_it(
    monkeypatch: pytest.MonkeyPatch,
    held: str | None,
    root: str,
    rotates: bool,
    expected: str | None,
) -> None:
    asked = spec.docker_spec(PRESENT, inputs(external_cas=[{"url": CA["url"], "ca_cert": PEM}]))
    found = {
        "Spec": asked,
        "TLSInfo": {"TrustRoot": root.strip()},
        "RootRotationInProgress": rotates,
    }

    class Answering:
        def __init__(self, _: object) -> None: ...

        def inspect(self) -> dict[str, Any]:
            return found

        def ingress(self) -> None: ...

    monkeypatch.setattr(spec, "Swarm", Answering)
    state = {**inputs(), "connection": {}, **({} if held is None else {"caCert": held})}
    assert spec.read("swarm", state).get("caCert") == expected


INGRESS = ingress_body(read()[0].swarm.ingress)
INSPECTED = {
    "Name": "ingress",
    "Driver": "overlay",
    "Ingress": True,
    "IPAM": {
        "Driver": "default",
        "Options": None,
        "Config": [{"Subnet": "10.204.0.0/20", "Gateway": "10.204.0.1"}],
    },
    "Options": {
        "com.docker.network.driver.mtu": "9001",
        "com.docker.network.driver.overlay.vxlanid_list": "4097",
    },
}


def test_ingress_that_docker_shows_is_the_one_it_was_asked_for_ap_5() -> None:
    assert spec.ingress_shown(INSPECTED) == INGRESS
    assert spec.ingress_shown(None) == {}


def test_ingress_cannot_change_on_a_live_swarm_and_the_way_is_told_gw_1() -> None:
    old = {**inputs(), "ingress": INGRESS}
    other = {**old, "ingress": {**INGRESS, "Options": {"encrypted": ""}}}
    ((name, sentence),) = spec.refusals(old, other)
    assert name == "ingress"
    assert "docker network rm ingress" in sentence
    assert "then pulumi refresh and pulumi up" in sentence
    assert spec.refusals({**old, "ingress": {}}, other) == []  # it is gone: it is made again


@pytest.mark.parametrize("counter", spec.COUNTERS)
def test_counter_of_rotations_only_goes_up_jn_9(counter: str) -> None:
    old = {**inputs(), counter: 3}
    assert spec.refusals(old, {**old, counter: 4}) == []
    ((name, sentence),) = spec.refusals(old, {**old, counter: 2})
    assert name == counter
    assert "can only be raised" in sentence
    assert spec.refusals({}, {**old, counter: 3}) == []
