"""The Node resource: one machine's membership of the swarm."""

import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
from docker.errors import APIError, DockerException

from pulumi_swarm.plan.connection import SSH_HOST, SSH_USER, Connection, ssh_options
from pulumi_swarm.plan.nodes import Availability
from pulumi_swarm.plan.ports import Role

from .docker_over_ssh import connect
from .errors import ResourceError
from .membership import Member, arrived, describe, member, phantoms, why_not_removable

State = dict[str, Any]

POLL_SECONDS = 1.0
DRAIN_TIMEOUT_SECONDS = 120
DEMOTE_TIMEOUT_SECONDS = 60
UPDATE_TRIES = 10  # somebody else may change the node between reading and writing

UNREACHABLE = (DockerException, requests.RequestException, OSError, subprocess.SubprocessError)

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


class Swarm:
    """The swarm behind a connection: the calls that a Node needs.

    A manager whose sshd answers may still be no use, with its dockerd dead or
    not yet in the swarm. So a call that fails for such a reason is tried at
    each manager before it fails for good.
    """

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self.said: list[str] = []
        self._managers = deque(connection["managers"])
        self._connection = connection
        self._client = self._connect()

    def members(self) -> list[Member]:
        """Every node that the managers list."""
        return [member(found) for found in self._ask(lambda client: client.nodes())]

    def change(self, node_id: str, **spec: object) -> None:
        """Set parts of a node's specification, leaving the others."""
        for attempt in range(UPDATE_TRIES):
            found = self._ask(lambda client: client.inspect_node(node_id))
            wanted = {**found["Spec"], **spec}
            if wanted == found["Spec"]:
                return
            version = found["Version"]["Index"]
            try:
                self._ask(lambda client, v=version, w=wanted: client.update_node(node_id, v, w))
            except APIError as error:
                if "out of sequence" not in str(error) or attempt == UPDATE_TRIES - 1:
                    raise
            else:
                return

    def running_tasks(self, node_id: str) -> int:
        """How many tasks run on a node."""
        wanted = {"node": node_id, "desired-state": "running"}
        tasks = self._ask(lambda client: client.tasks(filters=wanted))
        return sum(task["Status"]["State"] == "running" for task in tasks)

    def remove(self, node_id: str) -> None:
        """Take a node off the list, whatever state it is in."""
        self._ask(lambda client: client.remove_node(node_id, force=True))

    def avoid(self, node_id: str) -> None:
        """Go by another manager than this one, which is about to stop being one."""
        for _ in range(len(self._managers)):
            if self._ask(lambda client: client.info())["Swarm"].get("NodeID") != node_id:
                return
            self._next()

    def _ask(self, call: Callable[..., Any]) -> Any:
        for tries_left in reversed(range(len(self._managers))):
            try:
                return call(self._client)
            except UNREACHABLE as error:
                refused = isinstance(error, APIError) and error.is_client_error()
                if refused or tries_left == 0:
                    raise
                self._next()
        raise AssertionError("a swarm has at least one manager")

    def _next(self) -> None:
        self._managers.rotate(-1)
        self._client = self._connect()

    def _connect(self) -> Any:
        ordered = {**self._connection, "managers": list(self._managers)}
        options = ssh_options(Connection.of(ordered))
        destination = [f"{SSH_USER}@{SSH_HOST}", "docker", "system", "dial-stdio"]
        return connect(["ssh", *options, *destination], self.said)


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
            f"{_no_answer(inputs, error, swarm)}"
        ) from error
    return found.node_id, {"nodeId": found.node_id}


def read(resource_id: str, state: State) -> State | None:
    """What the swarm says of the node now; None when it is not in it any more."""
    swarm = Swarm(state["connection"])
    try:
        members = swarm.members()
    except UNREACHABLE as error:
        # Not "gone": a swarm that cannot be asked must not lose its nodes from the state.
        raise ResourceError(_no_answer(state, error, swarm)) from error
    found = _by_id(members, resource_id)
    if found is None:
        return None
    return {
        **state,
        "role": found.role,
        "availability": found.availability,
        "labels": dict(found.labels),
    }


def update(resource_id: str, new: State) -> State:
    """Change role, availability and labels in place."""
    swarm = Swarm(new["connection"])
    try:
        _apply(swarm, resource_id, new)
    except UNREACHABLE as error:
        raise ResourceError(_no_answer(new, error, swarm)) from error
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
        raise ResourceError(_no_answer(state, error, swarm)) from error


def _wait_until_arrived(swarm: Swarm, inputs: State) -> tuple[Member, list[Member]]:
    seconds = inputs["bootTimeoutSeconds"]
    deadline = time.monotonic() + seconds
    while True:
        try:
            members = swarm.members()
        except UNREACHABLE as error:
            seen = f"no manager answered ({_reason(error, swarm)})"
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
    """Demote, then remove: a manager that just vanishes still counts for the quorum (QR-2)."""
    if leaving.role == Role.MANAGER:
        swarm.change(leaving.node_id, Role=Role.WORKER.value)
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


def _no_answer(state: State, error: BaseException, swarm: Swarm) -> str:
    if isinstance(error, APIError) and error.is_client_error():
        return f"the managers refused: {error.explanation}"
    managers = ", ".join(state["connection"]["managers"])
    return (
        f"no manager of the swarm answers ({managers}): {_reason(error, swarm)}; check that one of "
        "them runs and that ssh reaches it"
    )


def _reason(error: BaseException, swarm: Swarm) -> str:
    """What ssh said last, which tells more than the connection that broke; else the error."""
    if swarm.said:
        return f"ssh: {swarm.said[-1].strip()}"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
