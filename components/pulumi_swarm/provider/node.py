"""The Node resource: one machine's membership of the swarm."""

import threading
import time
from collections.abc import Callable, Sequence

from docker.errors import APIError

from pulumi_swarm.plan.nodes import Availability
from pulumi_swarm.plan.ports import Role

from .errors import ResourceError
from .membership import Member, arrived, describe, phantoms, why_not_removable
from .swarm import UNREACHABLE, State, Swarm, no_answer, reason

POLL_SECONDS = 1.0
DRAIN_TIMEOUT_SECONDS = 120
DEMOTE_TIMEOUT_SECONDS = 60
NO_RAFT_MEMBER = "can't find manager in raft memberlist"  # swarmkit controlapi, UpdateNode

# Set when the engine cancels; ends every wait.
cancelled = threading.Event()

LATE = (
    "Should you take it out of the stack instead, look first whether it joined after all "
    "(docker node ls), and demote and remove it: a manager that vanishes still counts for the "
    "quorum"
)

INPUTS = frozenset(
    {
        "address",
        "role",
        "availability",
        "labels",
        "instanceId",
        "bootTimeoutSeconds",
        "connection",
    }
)
# Another machine is another member; all else is changed in place.
REPLACES = frozenset({"address", "instanceId"})


def create(inputs: State) -> tuple[str, State]:
    """Wait until the machine is Ready, then make it what it should be."""
    swarm = Swarm(inputs["connection"])
    found, others = _wait_until_arrived(swarm, inputs)
    try:
        for phantom in phantoms(others, found):
            _remove(swarm, phantom)
        _apply(swarm, found.node_id, inputs)
    except UNREACHABLE as error:
        raise ResourceError(
            f"{found} has joined, but could not be set up; the next update does it. "
            f"{no_answer(inputs, error, swarm)}"
        ) from error
    return found.node_id, {"nodeId": found.node_id}


def read(resource_id: str, state: State) -> State | None:
    """What the swarm says of the node now; None when it is not in it any more."""
    swarm = Swarm(state["connection"])
    try:
        members = swarm.members()
    except UNREACHABLE as error:
        # Not "gone": a swarm that cannot be asked must not lose its nodes from the state.
        raise ResourceError(no_answer(state, error, swarm)) from error
    found = _by_id(members, resource_id)
    if found is None:
        return None
    return {
        **state,
        "role": found.role,
        "availability": found.availability,
        "labels": dict(found.labels),
    }


def update(resource_id: str, _old: State, new: State) -> State:
    """Change role, availability and labels in place."""
    swarm = Swarm(new["connection"])
    try:
        _apply(swarm, resource_id, new)
    except UNREACHABLE as error:
        raise ResourceError(no_answer(new, error, swarm)) from error
    return {"nodeId": resource_id}


def delete(resource_id: str, state: State) -> None:
    """Take the node out of the swarm cleanly; done already counts as done."""
    swarm = Swarm(state["connection"])
    try:
        members = swarm.members()
        found = _by_id(members, resource_id)
        if found is None:
            return
        if reason := why_not_removable(members, found):
            raise ResourceError(reason)
        swarm.avoid(resource_id)
        swarm.change(resource_id, Availability=Availability.DRAIN.value)
        if found.state == "ready":
            _wait(DRAIN_TIMEOUT_SECONDS, lambda: swarm.running_tasks(resource_id) == 0)
        _remove(swarm, found)
    except UNREACHABLE as error:
        raise ResourceError(no_answer(state, error, swarm)) from error


def _wait_until_arrived(swarm: Swarm, inputs: State) -> tuple[Member, list[Member]]:
    seconds = inputs["bootTimeoutSeconds"]
    deadline = time.monotonic() + seconds
    while True:
        try:
            members = swarm.members()
        except UNREACHABLE as error:
            seen = f"no manager answered ({reason(error, swarm)})"
        else:
            found = arrived(members, inputs["address"], inputs["role"])
            if found is not None:
                return found, members
            seen = f"the managers listed {describe(members)}"
        if cancelled.is_set():
            raise ResourceError(f"cancelled while waiting for the machine at {inputs['address']}")
        if time.monotonic() > deadline:
            raise ResourceError(
                f"the machine {inputs['instanceId']} at {inputs['address']} was not a ready "
                f"{inputs['role']} after {seconds} s; at the end {seen}. Its console says why: "
                f"aws ec2 get-console-output --latest --instance-id {inputs['instanceId']}, "
                "the lines that start with swarm-bootstrap. It goes on trying, so the same update "
                f"may succeed later; changed inputs reach it when its generation is raised. {LATE}"
            )
        cancelled.wait(POLL_SECONDS)


def _apply(swarm: Swarm, node_id: str, inputs: State) -> None:
    swarm.change(
        node_id,
        Role=inputs["role"],
        Availability=inputs["availability"],
        Labels=dict(inputs["labels"]),
    )


def _remove(swarm: Swarm, leaving: Member) -> None:
    """Demote, then remove: a manager that just vanishes still counts for the quorum (QR-2).

    One that a swarm left behind when it was forced into a new cluster counts no
    more, and cannot be demoted.
    """
    if leaving.role == Role.MANAGER:
        try:
            swarm.change(leaving.node_id, Role=Role.WORKER.value)
        except APIError as error:
            if NO_RAFT_MEMBER not in str(error):
                raise
        else:
            _wait(DEMOTE_TIMEOUT_SECONDS, lambda: _is_worker(swarm, leaving.node_id))
    swarm.remove(leaving.node_id)


def _is_worker(swarm: Swarm, node_id: str) -> bool:
    found = _by_id(swarm.members(), node_id)
    return found is None or (found.role == Role.WORKER and not found.reachable)


def _by_id(members: Sequence[Member], node_id: str) -> Member | None:
    return next((m for m in members if m.node_id == node_id), None)


def _wait(seconds: float, done: Callable[[], bool]) -> None:
    """Wait, but not for ever: what is not done by then does not hold up the rest."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not cancelled.is_set():
        try:
            if done():
                return
        except UNREACHABLE:
            pass  # a demoted leader leaves the swarm without one for a moment
        cancelled.wait(POLL_SECONDS)
