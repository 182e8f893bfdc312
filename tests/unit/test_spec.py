"""SwarmSpec: Docker's words for it, there and back, and counters that only go up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_swarm.provider import spec
from tests.unit.inputs import read

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
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def inputs(**changes: Any) -> dict[str, Any]:
    plan, problems = read(**changes)
    assert problems == []
    return dict(plan.spec.inputs)


def test_defaults_are_what_a_new_swarm_has() -> None:
    assert spec.docker_spec(PRESENT, inputs()) == PRESENT


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
            "log_driver": st.just({"name": "local", "options": {"max-size": "10m"}}),
            "external_cas": st.just([{"url": "https://ca.example.com/sign", "ca_cert": PEM}]),
        },
    )
)
def test_what_is_set_is_what_is_read_back(changes: dict[str, Any]) -> None:
    wanted = inputs(**changes)
    set_ = spec.docker_spec(PRESENT, wanted)
    shown = spec.shown(set_)
    assert shown == {name: wanted[name] for name in shown}
    assert set_["Raft"]["ElectionTick"] == 10  # what has no input stays as it is
    assert spec.docker_spec(set_, inputs()) == PRESENT  # and all of it can be taken back


@pytest.mark.parametrize("counter", spec.COUNTERS)
def test_counter_of_rotations_only_goes_up_jn_9(counter: str) -> None:
    old = {**inputs(), counter: 3}
    assert spec.refusals(old, {**old, counter: 4}, "urn") == []
    ((name, sentence),) = spec.refusals(old, {**old, counter: 2}, "urn")
    assert name == counter
    assert "can only be raised" in sentence
    assert spec.refusals({}, {**old, counter: 3}, "urn") == []
