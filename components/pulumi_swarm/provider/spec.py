"""The SwarmSpec resource: what can change while the swarm lives."""

from collections.abc import Mapping
from typing import Any

from pulumi_swarm.plan.overlay import VNI_OPTION
from pulumi_swarm.plan.spec import one_spelling

from .errors import ResourceError
from .membership import why_not_shrinkable
from .swarm import UNREACHABLE, State, Swarm, no_answer

NANOSECONDS = 1_000_000_000  # Docker's durations are in nanoseconds
SECONDS_PER_HOUR = 3600
RESOURCE_ID = "swarm"  # a swarm has one

INGRESS_STAYS = (
    "is {after} and was {before}: every published port comes in by it, and Docker does not change "
    "it while a service uses it; put it back, or change it by hand (remove the services that "
    "publish ports, wait until their containers have ended on every node, docker network rm "
    "ingress, docker network create --ingress as it shall be, then pulumi refresh and pulumi up), "
    "or make a new swarm (pulumi destroy, then pulumi up)"
)

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
        "externalCas",
        "caCert",
        "ingress",
        *COUNTERS,
    }
)


def refusals(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What Docker cannot do on a live swarm, each with what to do; empty for a new one."""
    if not old:
        return []
    found = []
    for name in COUNTERS:
        before, after = old.get(name) or 0, new.get(name)
        if isinstance(after, int | float) and after < before:
            sentence = (
                f"is {after} and was {before}: it is a counter of rotations and can only be "
                f"raised; set {name} to {before} or more"
            )
            found.append((name, sentence))
    if refused := _refused_authority(old, new):
        found.append(("caCert", refused))
    if old.get("ingress") and old["ingress"] != new.get("ingress"):
        found.append(("ingress", INGRESS_STAYS.format(after=new["ingress"], before=old["ingress"])))
    return found


def _refused_authority(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """Why Docker would not come from one authority to the other (swarmkit ca_rotation.go)."""
    before, after = (one_spelling(side.get("caCert") or "") for side in (old, new))
    if before and before not in [one_spelling(ca["caCert"]) for ca in new["externalCas"]]:
        return (
            "is the swarm's root, and its authority is left out of externalCas: nobody could sign "
            "the way to another; put it back, and leave it out when the swarm has its own root"
        )
    raised = (new.get("caRotation") or 0) > (old.get("caRotation") or 0)
    if before and after and before != after:
        return (
            "is another than before: a swarm goes from one external authority to another by way of "
            "its own; leave caCert out and raise caRotation, pulumi up, and give the new one when "
            "that rotation has ended"
        )
    if before and not after and not raised:
        return (
            "is left out, which alone changes nothing: raise caRotation in the same update, and "
            "the swarm makes an authority of its own"
        )
    if before and after and raised:
        return (
            "is given while caRotation is raised, which makes an authority of the swarm's own: put "
            "the counter back, or leave caCert out"
        )
    return None


def check_change(old: State, new: State) -> None:
    """Refuse to take away managers whose going would break the quorum (QR-2).

    Pulumi asks no provider about what a preview would remove; but who manages the swarm is an
    input here. A preview works without any manager, and each of them asks again when it goes.
    """
    before, after = _managers(old), _managers(new)
    keep = len(after)
    if not after or keep >= len(before):
        return
    try:
        members = Swarm(old["connection"]).members()
    except UNREACHABLE:
        return
    if reason := why_not_shrinkable(members, keep):
        raise ResourceError(
            f"managerCount cannot be {keep} now: {reason}. The safe way: raise nodeGenerations of "
            "the managers that do not answer, pulumi up, and lower managerCount then"
        )


def _managers(side: State) -> list[str]:
    """Where the managers are; nothing while that is known after the update only."""
    connection = side.get("connection")
    managers = connection.get("managers") if isinstance(connection, dict) else None
    return managers if isinstance(managers, list) else []


def docker_spec(present: Mapping[str, Any], inputs: State) -> dict[str, Any]:
    """What ``POST /swarm/update`` is given; the rest stays as it is."""
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
        "CAConfig": _authority(present.get("CAConfig") or {}, inputs),
    }


def _authority(present: Mapping[str, Any], inputs: State) -> dict[str, Any]:
    expiry = inputs["certExpiryHours"] * SECONDS_PER_HOUR * NANOSECONDS
    found = {k: v for k, v in present.items() if k not in ("ExternalCAs", "ForceRotate")}
    found["NodeCertExpiry"] = expiry
    if inputs.get("caCert"):
        found["SigningCACert"] = inputs["caCert"]
    if inputs["externalCas"]:
        found["ExternalCAs"] = [
            {"Protocol": "cfssl", "URL": ca["url"], "CACert": ca["caCert"]}
            for ca in inputs["externalCas"]
        ]
    # Docker rotates when the counter is another than before. One that was raised by hand (docker
    # swarm ca --rotate) stays until a refresh tells; Docker leaves it out when it is zero.
    if counter := max(inputs["caRotation"], present.get("ForceRotate") or 0):
        found["ForceRotate"] = counter
    return found


def shown(swarm: Mapping[str, Any]) -> State:
    """The inputs as a swarm has them."""
    spec = swarm["Spec"]
    authority = spec.get("CAConfig") or {}
    known = [
        {"url": ca["URL"], "caCert": one_spelling(ca.get("CACert", "")) or ca.get("CACert", "")}
        for ca in authority.get("ExternalCAs") or []
    ]
    # Docker shows no certificate that it was given to sign with, but the root that came of it.
    root = one_spelling((swarm.get("TLSInfo") or {}).get("TrustRoot") or "")
    is_outside = bool(root) and root in [ca["caCert"] for ca in known]
    raft = spec.get("Raft") or {}
    expiry = authority.get("NodeCertExpiry") or 0
    heartbeat = (spec.get("Dispatcher") or {}).get("HeartbeatPeriod", 0)
    return {
        "autolock": bool((spec.get("EncryptionConfig") or {}).get("AutoLockManagers")),
        "certExpiryHours": expiry // (SECONDS_PER_HOUR * NANOSECONDS),
        "taskHistoryLimit": (spec.get("Orchestration") or {}).get("TaskHistoryRetentionLimit", 0),
        "dispatcherHeartbeatSeconds": heartbeat // NANOSECONDS,
        "snapshotInterval": raft.get("SnapshotInterval", 0),
        "maxSnapshots": raft.get("KeepOldSnapshots") or 0,
        "externalCas": known,
        **({"caCert": root} if is_outside else {}),
        "caRotation": authority.get("ForceRotate") or 0,
    }


def ingress_shown(found: Mapping[str, Any] | None) -> State:
    """The body that would ask for the ingress that Docker shows; empty when it is gone."""
    if found is None:
        return {}
    config = [
        {name: item[name] for name in ("Subnet", "Gateway", "IPRange") if item.get(name)}
        for item in found["IPAM"]["Config"] or []
    ]
    options = {k: v for k, v in (found.get("Options") or {}).items() if k != VNI_OPTION}
    return {
        "Name": found["Name"],
        "Driver": found["Driver"],
        "Ingress": True,
        "IPAM": {"Config": config},
        "Options": options,
    }


def create(inputs: State) -> tuple[str, State]:
    """Give the swarm its specification; ingress was made with the swarm.

    The tokens' counters start where they are, with no rotation. caRotation is Docker's own counter:
    a swarm that is made with one above zero rotates its authority once.
    """
    return RESOURCE_ID, _apply(inputs, {})


def update(_resource_id: str, old: State, new: State) -> State:
    """Change the specification, and rotate what has a raised counter."""
    raised = {
        option: True
        for name, option in ROTATIONS.items()
        if (new.get(name) or 0) > (old.get(name) or 0)
    }
    return _apply(new, raised, make_ingress=not old.get("ingress"))


def read(_resource_id: str, state: State) -> State:
    """What the swarm has now."""
    swarm = Swarm(state["connection"])
    try:
        inspected = swarm.inspect()
        found = shown(inspected)
        found["ingress"] = ingress_shown(swarm.ingress())
        key = swarm.unlock_key() if found["autolock"] else ""
    except UNREACHABLE as error:
        raise ResourceError(no_answer(state, error, swarm)) from error
    # While it rotates, the root that it shows is not the one that it was asked for; and one that
    # is outside without having been asked for is none of ours.
    if "caCert" in state and inspected.get("RootRotationInProgress", False):
        found["caCert"] = state["caCert"]
    elif "caCert" not in state:
        found.pop("caCert", None)
    held = {name: value for name, value in state.items() if name != "caCert"}
    return {**held, **found, "unlockKey": key}


def _apply(inputs: State, rotate: Mapping[str, bool], *, make_ingress: bool = False) -> State:
    swarm = Swarm(inputs["connection"])
    try:
        swarm.change_swarm(lambda present: docker_spec(present, inputs), rotate=rotate)
        if make_ingress and swarm.ingress() is None:
            swarm.make_network(inputs["ingress"])
        return {"unlockKey": swarm.unlock_key() if inputs["autolock"] else ""}
    except UNREACHABLE as error:
        raise ResourceError(no_answer(inputs, error, swarm)) from error
