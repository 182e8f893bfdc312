"""The Node resource: one machine's membership of the swarm."""

import threading
import time
from collections.abc import Callable, Sequence

from docker.errors import APIError

from pulumi_swarm.plan.nodes import Availability
from pulumi_swarm.plan.ports import Role

from .errors import ResourceError, UnfinishedError
from .keeping_up import BehindError, wait_until_they_keep_up
from .membership import Member, arrived, at_address, describe, phantoms, why_not_removable
from .swarm import UNREACHABLE, State, Swarm, has_managers, no_answer, reason
from .watch import MOST_PAUSE_SECONDS, PAUSE_SECONDS, pause_seconds, watch

DRAIN_TIMEOUT_SECONDS = 120
DEMOTE_TIMEOUT_SECONDS = 60
PROMOTE_TIMEOUT_SECONDS = 30
LEADER_TIMEOUT_SECONDS = 60  # an election takes some seconds, on busy managers more of them
LET_IN_TIMEOUT_SECONDS = 300  # leader and machine look every 30 s each; then the machine joins
LEAVE_TIMEOUT_SECONDS = 30  # what a manager that does not answer may take to be removed
TAKEN_OUT = "taken out of the swarm"  # in place of an id, when somebody removed the node by hand
NO_RAFT_MEMBER = "can't find manager in raft memberlist"  # swarmkit controlapi, UpdateNode

# Set when the engine cancels; ends every wait.
cancelled = threading.Event()
# Several may go in one update, and the engine deletes side by side.
managers_leave_in_turn = threading.Lock()

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


class LateError(Exception):
    """A machine did not arrive in time; what was seen of it."""


class CancelledError(ResourceError):
    """The engine has cancelled the update."""


class QuorumError(ResourceError):
    """A manager cannot go as long as the others are what they are."""


def create(inputs: State) -> tuple[str, State]:
    """Wait until the machine is Ready, then make it what it should be.

    A machine that is late is kept in the state as a node without an id of
    Docker's: the next update waits for it again, and if it is taken out of the
    stack instead, whatever joined from its address is taken out of the swarm.
    """
    resource_id = str(inputs["instanceId"])
    return resource_id, {"nodeId": _settle(resource_id, inputs)}


def is_unfinished(state: State) -> bool:
    """Whether the machine has not yet been seen in the swarm, or not as it was left."""
    return state.get("nodeId") in ("", None, TAKEN_OUT)


def read(_resource_id: str, state: State) -> State | None:
    """What the swarm says of the node now.

    One that somebody took out stays in the state: its machine runs and does not
    come back by itself, so ``update`` lets it in again.
    """
    if not state.get("nodeId"):
        return state
    swarm = Swarm(state["connection"])
    try:
        members = swarm.members()
    except UNREACHABLE as error:
        # Not "gone": a swarm that cannot be asked must not lose its nodes from the state.
        raise ResourceError(no_answer(state, error, swarm)) from error
    found = _by_id(members, state["nodeId"])
    if found is None or found.down:
        # Somebody had it leave and join by hand: it is another node then, and this its phantom.
        found = arrived(members, state["address"], state["role"]) or found
    if found is None:
        return {**state, "nodeId": TAKEN_OUT}
    return {
        **state,
        "nodeId": found.node_id,
        "role": found.role,
        "availability": found.availability,
        "labels": dict(found.labels),
    }


def update(resource_id: str, old: State, new: State) -> State:
    """Change role, availability and labels in place; finish what a create could not.

    A machine that somebody took out of the swarm is let in again, as another node.
    """
    if not old.get("nodeId"):
        return {"nodeId": _settle(resource_id, new)}
    swarm = Swarm(new["connection"])
    try:
        if old["nodeId"] != TAKEN_OUT:
            _change(swarm, old["nodeId"], new)
            return {"nodeId": old["nodeId"]}
        found = _returned(swarm, new)
        _change(swarm, found.node_id, new)
        _keep_up(swarm, found, new)
    except UNREACHABLE as error:
        raise ResourceError(no_answer(new, error, swarm)) from error
    return {"nodeId": found.node_id}


def _keep_up(swarm: Swarm, found: Member, inputs: State) -> None:
    """Wait until a new manager is through, so that the swarm can bear the loss of another."""
    if inputs["role"] == Role.MANAGER:
        wait_until_they_keep_up(swarm, inputs["connection"], [found], cancelled)


def _returned(swarm: Swarm, inputs: State) -> Member:
    """Let a machine in again that somebody took out, unless it is back already; as a node.

    Managers do not hear it. So they are told, and they hand it over by AWS (docs/decisions/0010).
    """
    found = arrived(swarm.members(), inputs["address"], inputs["role"])
    if found is not None:
        swarm.let_in_no_more(inputs["instanceId"])  # by an update that was killed
        return found
    swarm.let_in(inputs["instanceId"])
    try:
        found = _arrival(swarm, inputs, LET_IN_TIMEOUT_SECONDS)
    except LateError as error:
        raise ResourceError(
            f"the machine {inputs['instanceId']} at {inputs['address']} was taken out of the swarm "
            f"and let in again, but {error}. Where its console tells no reason, raise its "
            "generation (nodeGenerations) by one, which replaces it"
        ) from error
    finally:
        swarm.let_in_no_more(inputs["instanceId"])
    return found


def _change(swarm: Swarm, node_id: str, inputs: State) -> None:
    """Make a node what it should be; one that is being promoted can be demoted only afterwards."""
    deadline = time.monotonic() + PROMOTE_TIMEOUT_SECONDS
    while True:
        try:
            _apply(swarm, node_id, inputs)
        except APIError as error:
            if NO_RAFT_MEMBER not in str(error):
                raise
            if time.monotonic() > deadline or cancelled.is_set():
                raise ResourceError(
                    f"the machine {inputs['instanceId']} at {inputs['address']} is to be a "
                    "manager, but has not become one: somebody promoted it, and managers do not "
                    "reach its tcp 2377. Docker does not demote it like that; raise its generation "
                    "(nodeGenerations) by one, which replaces it"
                ) from error
            cancelled.wait(MOST_PAUSE_SECONDS)
        else:
            return


def check_replacement(old: State) -> None:
    """Refuse to replace a manager whose going would break the quorum (QR-2, QR-3).

    In a preview too, as far as a manager answers: it works without any, and
    ``delete`` asks again.
    """
    if old.get("role") != Role.MANAGER or is_unfinished(old):
        return
    if len(old["connection"]["managers"]) == 1:
        raise ResourceError(
            f"the machine at {old['address']} is the only manager, and would be replaced: the "
            "swarm would be lost with it; set managerCount to 3 and run pulumi up, then do this, "
            "and then set managerCount to 1 again. If the machine is gone already, so is the "
            "swarm: pulumi destroy, then pulumi up"
        )
    try:
        members = Swarm(old["connection"]).members()
    except UNREACHABLE:
        return
    found = _by_id(members, old["nodeId"])
    if found is not None and (reason := why_not_removable(members, found)):
        raise ResourceError(reason)


def delete(_resource_id: str, state: State) -> None:
    """Take the node out of the swarm cleanly; done already counts as done.

    Managers go one at a time, and each is held against who is left by then. One whose going would
    break the quorum waits for a while: another that does not answer may be about to go too, and the
    engine's order is its own.
    """
    if state.get("role") != Role.MANAGER:
        _delete(state)
        return
    deadline = float("inf")
    while True:
        try:
            with managers_leave_in_turn:
                _delete(state)
        except QuorumError:
            deadline = min(deadline, time.monotonic() + LEAVE_TIMEOUT_SECONDS)
            if time.monotonic() > deadline or cancelled.is_set():
                raise
            cancelled.wait(MOST_PAUSE_SECONDS)
        else:
            return


def _delete(state: State) -> None:
    swarm = Swarm(state["connection"], patience_seconds=LEADER_TIMEOUT_SECONDS)
    try:
        members = swarm.members()
    except UNREACHABLE as error:
        if is_unfinished(state) and not has_managers(error, swarm):
            return  # the first manager of a swarm that never came to be must be replaceable
        raise ResourceError(no_answer(state, error, swarm)) from error
    try:
        if state.get("nodeId") == TAKEN_OUT:
            swarm.let_in_no_more(state["instanceId"])  # should an update have died over it
        for found in _leaving(members, state):
            _check_quorum(members, found)
            if found.in_raft and found.reachable:
                staying = [m for m in members if m.in_raft and m.reachable and m is not found]
                wait_until_they_keep_up(swarm, state["connection"], staying, cancelled)
                _check_quorum(swarm.members(), found)  # it may have taken minutes
            swarm.avoid(found.node_id)
            swarm.change(found.node_id, Availability=Availability.DRAIN.value)
            if found.state == "ready":
                _wait_until_idle(swarm, found.node_id)
            _remove(swarm, found)
    except UNREACHABLE as error:
        raise ResourceError(no_answer(state, error, swarm)) from error


def _settle(resource_id: str, inputs: State) -> str:
    """Wait for the machine and make it what it should be; returns its id in Docker."""
    swarm = Swarm(inputs["connection"], patience_seconds=LEADER_TIMEOUT_SECONDS)
    try:
        found = _arrival(swarm, inputs, inputs["bootTimeoutSeconds"])
        _apply(swarm, found.node_id, inputs)
        _keep_up(swarm, found, inputs)
    except UNREACHABLE as error:
        message = (
            f"the machine at {inputs['address']} has joined, but could not be set up; the next "
            f"update does it. {no_answer(inputs, error, swarm)}"
        )
        raise UnfinishedError(message, resource_id, {"nodeId": ""}) from error
    except LateError as error:
        message = (
            f"the machine {inputs['instanceId']} at {inputs['address']} {error}. Its console says "
            f"why: aws ec2 get-console-output --latest --instance-id {inputs['instanceId']}, "
            "the lines that start with swarm-bootstrap. It goes on trying, and the next update "
            "waits for it again; changed inputs reach it when its generation is raised"
        )
        raise UnfinishedError(message, resource_id, {"nodeId": ""}) from error
    except (CancelledError, BehindError) as error:
        raise UnfinishedError(str(error), resource_id, {"nodeId": ""}) from error
    return found.node_id


def _check_quorum(members: Sequence[Member], leaving: Member) -> None:
    if refusal := why_not_removable(members, leaving):
        raise QuorumError(refusal)


def _leaving(members: Sequence[Member], state: State) -> list[Member]:
    """The node; of a machine that was never seen, whatever is at its address."""
    if is_unfinished(state):
        return at_address(members, state["address"])
    found = _by_id(members, state["nodeId"])
    return [] if found is None else [*phantoms(members, found), found]


def _arrival(swarm: Swarm, inputs: State, seconds: float) -> Member:
    """Wait for the node of a machine, and take the machine's lives before off the list."""
    found, others = _wait_until_arrived(inputs, seconds)
    for phantom in phantoms(others, found):
        _remove(swarm, phantom)
    return found


def _wait_until_arrived(inputs: State, seconds: float) -> tuple[Member, list[Member]]:
    """The node of a machine, and all that are listed with it."""
    began = time.monotonic()
    deadline = began + seconds
    watched = watch(inputs["connection"])
    while True:
        try:
            members = watched.members(since=began)
        except UNREACHABLE as error:
            seen = f"no manager answered ({reason(error, watched.swarm)})"
        else:
            found = arrived(members, inputs["address"], inputs["role"])
            if found is not None:
                return found, members
            seen = f"the managers listed {describe(members)}"
        if cancelled.is_set():
            raise CancelledError(f"cancelled while waiting for the machine at {inputs['address']}")
        if time.monotonic() > deadline:
            raise LateError(
                f"was not a ready {inputs['role']} after {seconds} s; at the end {seen}"
            )
        cancelled.wait(PAUSE_SECONDS)


def _apply(swarm: Swarm, node_id: str, inputs: State) -> None:
    swarm.change(
        node_id,
        Role=inputs["role"],
        Availability=inputs["availability"],
        Labels=dict(inputs["labels"]),
    )


def _wait_until_idle(swarm: Swarm, node_id: str) -> None:
    _wait(DRAIN_TIMEOUT_SECONDS, lambda: swarm.running_tasks(node_id) == 0)


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
    """Wait, but not for ever: what is not done by then does not hold up the rest.

    An update that is cancelled ends here, so that no node is removed while its tasks run.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if cancelled.is_set():
            raise CancelledError("cancelled while a node was leaving; the next update goes on")
        began = time.monotonic()
        try:
            if done():
                return
        except UNREACHABLE:
            pass  # a demoted leader leaves the swarm without one for a moment
        cancelled.wait(pause_seconds(time.monotonic() - began))
