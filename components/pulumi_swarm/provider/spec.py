"""The SwarmSpec resource: what can change while the swarm lives."""

from collections.abc import Mapping
from typing import Any

from .errors import ResourceError
from .swarm import UNREACHABLE, State, Swarm, no_answer

NANOSECONDS = 1_000_000_000  # Docker's durations are in nanoseconds
SECONDS_PER_HOUR = 3600
RESOURCE_ID = "swarm"  # a swarm has one

ROTATIONS = {
    "workerTokenRotation": "rotate_worker_token",
    "managerTokenRotation": "rotate_manager_token",
}
COUNTERS = (*ROTATIONS, "caRotation")
INPUTS = frozenset(
    {
        "connection",
        "autolock",
        "certExpiryHours",
        "taskHistoryLimit",
        "dispatcherHeartbeatSeconds",
        "snapshotInterval",
        "maxSnapshots",
        "logDriver",
        "externalCas",
        *COUNTERS,
    }
)


def refusals(old: Mapping[str, Any], new: Mapping[str, Any], _urn: str) -> list[tuple[str, str]]:
    """The counters that go back, each with what to do; empty for a new swarm."""
    found = []
    for name in COUNTERS:
        before, after = old.get(name) or 0, new.get(name)
        if isinstance(after, int | float) and after < before:
            sentence = (
                f"is {after} and was {before}: it is a counter of rotations and can only be "
                f"raised; set {name} to {before} or more"
            )
            found.append((name, sentence))
    return found


def docker_spec(present: Mapping[str, Any], inputs: State) -> dict[str, Any]:
    """Docker's specification of the swarm with the inputs in it; the rest stays as it is."""
    log_driver = inputs.get("logDriver") or {}
    defaults = dict(present.get("TaskDefaults") or {})
    defaults.pop("LogDriver", None)
    if log_driver:
        defaults["LogDriver"] = {"Name": log_driver["name"], "Options": log_driver["options"]}
    authority = {
        **(present.get("CAConfig") or {}),
        "NodeCertExpiry": inputs["certExpiryHours"] * SECONDS_PER_HOUR * NANOSECONDS,
    }
    # Both are left out by Docker when empty, and would otherwise look like a change.
    authority.pop("ExternalCAs", None)
    authority.pop("ForceRotate", None)
    if inputs["externalCas"]:
        authority["ExternalCAs"] = [
            {"Protocol": "cfssl", "URL": ca["url"], "CACert": ca["caCert"]}
            for ca in inputs["externalCas"]
        ]
    if inputs["caRotation"]:
        authority["ForceRotate"] = inputs["caRotation"]
    raft = present.get("Raft") or {}
    heartbeat = inputs["dispatcherHeartbeatSeconds"] * NANOSECONDS
    return {
        **present,
        "EncryptionConfig": {"AutoLockManagers": inputs["autolock"]},
        "Orchestration": {"TaskHistoryRetentionLimit": inputs["taskHistoryLimit"]},
        "Dispatcher": {**(present.get("Dispatcher") or {}), "HeartbeatPeriod": heartbeat},
        "Raft": {
            **raft,
            "SnapshotInterval": inputs["snapshotInterval"],
            "KeepOldSnapshots": inputs["maxSnapshots"],
        },
        "CAConfig": authority,
        "TaskDefaults": defaults,
    }


def shown(spec: Mapping[str, Any]) -> State:
    """The inputs as a swarm has them."""
    authority = spec.get("CAConfig") or {}
    raft = spec.get("Raft") or {}
    log_driver = (spec.get("TaskDefaults") or {}).get("LogDriver")
    expiry = authority.get("NodeCertExpiry") or 0
    return {
        "autolock": bool((spec.get("EncryptionConfig") or {}).get("AutoLockManagers")),
        "certExpiryHours": expiry // (SECONDS_PER_HOUR * NANOSECONDS),
        "taskHistoryLimit": (spec.get("Orchestration") or {}).get("TaskHistoryRetentionLimit", 0),
        "dispatcherHeartbeatSeconds": (spec.get("Dispatcher") or {}).get("HeartbeatPeriod", 0)
        // NANOSECONDS,
        "snapshotInterval": raft.get("SnapshotInterval", 0),
        "maxSnapshots": raft.get("KeepOldSnapshots") or 0,
        "logDriver": (
            {"name": log_driver["Name"], "options": log_driver.get("Options") or {}}
            if log_driver
            else {}
        ),
        "externalCas": [
            {"url": ca["URL"], "caCert": ca.get("CACert", "")}
            for ca in authority.get("ExternalCAs") or []
        ],
        "caRotation": authority.get("ForceRotate") or 0,
    }


def create(inputs: State) -> tuple[str, State]:
    """Give the swarm its specification; counters start where they are, with no rotation."""
    return RESOURCE_ID, _apply(inputs, {})


def update(_resource_id: str, old: State, new: State) -> State:
    """Change the specification, and rotate what has a raised counter."""
    raised = {
        option: True
        for name, option in ROTATIONS.items()
        if (new.get(name) or 0) > (old.get(name) or 0)
    }
    return _apply(new, raised)


def read(_resource_id: str, state: State) -> State:
    """What the swarm has now."""
    swarm = Swarm(state["connection"])
    try:
        found = shown(swarm.inspect()["Spec"])
        key = swarm.unlock_key() if found["autolock"] else ""
    except UNREACHABLE as error:
        raise ResourceError(no_answer(state, error, swarm)) from error
    return {**state, **found, "unlockKey": key}


def _apply(inputs: State, rotate: Mapping[str, bool]) -> State:
    swarm = Swarm(inputs["connection"])
    try:
        swarm.change_swarm(lambda present: docker_spec(present, inputs), rotate=rotate)
        return {"unlockKey": swarm.unlock_key() if inputs["autolock"] else ""}
    except UNREACHABLE as error:
        raise ResourceError(no_answer(inputs, error, swarm)) from error
