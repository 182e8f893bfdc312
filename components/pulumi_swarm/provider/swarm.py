"""The swarm behind a connection, spoken to through any manager that answers."""

import http
import subprocess
import time
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeGuard

import requests
from docker.errors import APIError, DockerException, NotFound

from pulumi_swarm.plan.connection import SSH_HOST, SSH_USER, Connection, ssh_options

from .docker_over_ssh import connect, dial
from .membership import Member, member

State = dict[str, Any]

RETRY_SECONDS = 1.0
UPDATE_TRIES = 10  # somebody else may change the object between reading and writing
OUT_OF_SEQUENCE = "out of sequence"
LET_IN_CONFIG = "swarm-let-in."  # as in bootstrap/swarm-bootstrap.sh
MARK_CONFIG = "swarm-mark."
LOCKED = "needs to be unlocked"  # moby daemon/cluster, errSwarmLocked
NO_LEADER = "does not have a leader"  # moby daemon/cluster, managerStats
REFUSED = ("Permission denied", "Host key verification failed")  # by ssh

UNREACHABLE = (DockerException, requests.RequestException, OSError, subprocess.SubprocessError)


class Swarm:
    """The swarm behind a connection: the calls that resources need.

    A manager whose sshd answers may still be no use, with its dockerd dead or
    not yet in the swarm. So a call that fails for such a reason is tried at
    each manager before it fails for good.

    ``patience_seconds`` is for whoever changes managers: a swarm that has
    answered may be without a leader for a moment, and is asked again for so long.
    """

    def __init__(self, connection: Mapping[str, Any], *, patience_seconds: float = 0) -> None:
        self.said: list[str] = []
        self._patience_seconds = patience_seconds
        self._has_answered = False
        self._managers = deque(connection["managers"])
        self._connection = connection
        self._client = self._connect()

    def members(self) -> list[Member]:
        """Every node that the managers list."""
        return [member(found) for found in self._ask(lambda client: client.nodes())]

    def change(self, node_id: str, **spec: object) -> None:
        """Set parts of a node's specification, leaving the others."""
        self._change(
            lambda client: client.inspect_node(node_id),
            lambda present: {**present, **spec},
            lambda client, version, wanted: client.update_node(node_id, version, wanted),
        )

    def inspect(self) -> dict[str, Any]:
        """The swarm itself, as ``GET /swarm`` shows it; the join tokens are in it."""
        found: dict[str, Any] = self._ask(lambda client: client.inspect_swarm())
        return found

    def unlock_key(self) -> str:
        """The key that opens the managers after a restart; empty when they do not lock."""
        return str(self._ask(lambda client: client.get_unlock_key()).get("UnlockKey") or "")

    def change_swarm(
        self, wanted: Callable[[dict[str, Any]], dict[str, Any]], *, rotate: Mapping[str, bool]
    ) -> None:
        """Set the swarm's specification to what ``wanted`` makes of the present one."""
        self._change(
            lambda client: client.inspect_swarm(),
            wanted,
            lambda client, version, spec: client.update_swarm(version, swarm_spec=spec, **rotate),
            always=any(rotate.values()),
        )

    def ingress(self) -> dict[str, Any] | None:
        """The network that published ports come in by; None when there is none."""
        listed = self._ask(lambda client: client.networks(filters={"driver": "overlay"}))
        return next((found for found in listed if found.get("Ingress")), None)

    def make_network(self, body: Mapping[str, Any]) -> None:
        """Make a network from the body of the request."""
        ipam = {"Driver": "default", **body["IPAM"]}
        self._ask(
            lambda client: client.create_network(
                body["Name"],
                driver=body["Driver"],
                options=body["Options"],
                ipam=ipam,
                ingress=body["Ingress"],
            )
        )

    def network_id(self, name: str) -> str | None:
        """The id of an overlay network; None when there is none of that name."""
        listed = self._ask(lambda client: client.networks(names=[name]))
        return next((str(n["Id"]) for n in listed if n["Name"] == name), None)

    def create_service(self, task: Mapping[str, Any], name: str, **options: Any) -> str:
        """Make a service; returns its id, also when a manager made it and its answer was lost."""
        try:
            made = self._ask(lambda client: client.create_service(task, name=name, **options))
        except APIError as error:
            if error.status_code != http.HTTPStatus.CONFLICT:
                raise
            return self.services(name)[0]
        return str(made["ID"])

    def services(self, name: str) -> list[str]:
        """The ids of the services of this name: one or none."""
        listed = self._ask(lambda client: client.services(filters={"name": name}))
        return [str(s["ID"]) for s in listed if s["Spec"]["Name"] == name]

    def remove_service(self, service_id: str) -> None:
        """Remove a service, unless it is gone; its tasks end in the background."""
        self._ask_unless_gone(lambda client: client.remove_service(service_id))

    def tasks_of(self, service_id: str) -> list[dict[str, Any]]:
        """Every task of a service, also those that have ended."""
        found: list[dict[str, Any]] = self._ask(
            lambda client: client.tasks(filters={"service": service_id})
        )
        return found

    def has_tasks_of(self, service_id: str) -> bool:
        """Whether any task of a service is left; also of one that was removed.

        By all tasks: the API refuses to filter by a service that is gone.
        """
        return any(t["ServiceID"] == service_id for t in self._ask(lambda client: client.tasks()))

    def published_port(self, service_id: str) -> int:
        """The port that the swarm chose for a service's first one."""
        found = self._ask(lambda client: client.inspect_service(service_id))
        return int(found["Endpoint"]["Ports"][0]["PublishedPort"])

    def service_log(self, service_id: str) -> str:
        """What the containers of a service have written to standard output."""
        stream = self._ask(lambda client: client.service_logs(service_id, stdout=True))
        return b"".join(stream).decode(errors="replace")

    def running_tasks(self, node_id: str) -> int:
        """How many tasks run on a node, those among them that are to end.

        Not by desired state: a node that is drained has none of "running" from that moment on,
        while its containers go on until their grace period is over.
        """
        tasks = self._ask(lambda client: client.tasks(filters={"node": node_id}))
        return sum(task["Status"]["State"] == "running" for task in tasks)

    def remove(self, node_id: str) -> None:
        """Take a node off the list, whatever state it is in, unless it is off already."""
        self._ask_unless_gone(lambda client: client.remove_node(node_id, force=True))

    def let_in(self, instance_id: str) -> None:
        """Have a machine that was taken out told that it may join again, once.

        The leader finds a config by this name and hands it over (bootstrap/swarm-bootstrap.sh). It
        is the config's id that counts, so one that is left of an update that died is made anew.
        """
        self.let_in_no_more(instance_id)
        self._make_config(LET_IN_CONFIG + instance_id)

    def let_in_no_more(self, instance_id: str) -> None:
        """Take that back; done already counts as done."""
        self._remove_config(LET_IN_CONFIG + instance_id)

    @contextmanager
    def mark(self) -> Iterator[str]:
        """Something new that managers hear of in their turn, for ``has_heard_of``."""
        for left in self._ask(lambda client: client.configs(filters={"name": MARK_CONFIG})):
            self._remove_config(left["ID"])  # by an update that was killed
        name = MARK_CONFIG + uuid.uuid4().hex
        self._make_config(name)
        try:
            yield name
        finally:
            self._remove_config(name)

    def has_heard_of(self, marks: Collection[str]) -> bool:
        """Whether the manager that answers has one of the marks itself.

        By its events, which tell what comes into its own copy: all else it asks the leader for. Of
        those up to now by its own clock: for later ones it would wait.
        """
        now = datetime.fromisoformat(self._ask(lambda client: client.info())["SystemTime"])
        until = f"{now.timestamp():.6f}"
        wanted = {"type": ["config"], "event": ["create"]}
        heard = self._ask(
            lambda client: list(client.events(since=1, until=until, filters=wanted, decode=True))
        )
        return any(event["Actor"]["Attributes"].get("name") in marks for event in heard)

    def _make_config(self, name: str) -> None:
        try:
            self._ask(lambda client: client.create_config(name, b"of pulumi-swarm"))
        except APIError as error:  # a manager made it, and its answer was lost
            if error.status_code != http.HTTPStatus.CONFLICT:
                raise

    def _remove_config(self, name: str) -> None:
        self._ask_unless_gone(lambda client: client.remove_config(name))

    def node_id(self) -> str:
        """The manager that answers, as a node; empty when it is in no swarm."""
        return str(self._ask(lambda client: client.info())["Swarm"].get("NodeID", ""))

    def avoid(self, node_id: str) -> None:
        """Go by another manager than this one, which is about to stop being one."""
        for _ in range(len(self._managers)):
            if self.node_id() != node_id:
                return
            self._next()

    def _change(
        self,
        inspect: Callable[[Any], Any],
        wanted: Callable[[dict[str, Any]], dict[str, Any]],
        update: Callable[[Any, int, dict[str, Any]], Any],
        *,
        always: bool = False,
    ) -> None:
        """Write what ``wanted`` makes of the present specification, unless it is that already."""
        for attempt in range(UPDATE_TRIES):
            found = self._ask(inspect)
            spec = wanted(found["Spec"])
            if spec == found["Spec"] and not always:
                return
            version = found["Version"]["Index"]
            try:
                self._ask(lambda client, v=version, s=spec: update(client, v, s))
            except APIError as error:
                if OUT_OF_SEQUENCE not in str(error) or attempt == UPDATE_TRIES - 1:
                    raise
            else:
                return

    def _ask_unless_gone(self, call: Callable[..., Any]) -> None:
        try:
            self._ask(call)
        except NotFound:
            return

    def _ask(self, call: Callable[..., Any]) -> Any:
        patient_until = time.monotonic() + self._patience_seconds
        while True:
            try:
                answer = self._ask_each(call)
            except UNREACHABLE as error:
                if is_refusal(error) or not self._has_answered or time.monotonic() >= patient_until:
                    raise
                time.sleep(RETRY_SECONDS)
            else:
                self._has_answered = True
                return answer

    def _ask_each(self, call: Callable[..., Any]) -> Any:
        for tries_left in reversed(range(len(self._managers))):
            try:
                return call(self._client)
            except UNREACHABLE as error:
                if is_refusal(error) or tries_left == 0:
                    raise
                self._next()
        raise AssertionError("a swarm has at least one manager")

    def _next(self) -> None:
        self._managers.rotate(-1)
        self._client = self._connect()

    def _connect(self) -> Any:
        ordered = {**self._connection, "managers": list(self._managers)}
        options = ssh_options(Connection.of(ordered))
        return connect(dial(options, f"{SSH_USER}@{SSH_HOST}"), self.said)


def is_refusal(error: BaseException) -> TypeGuard[APIError]:
    """Whether a manager understood and said no: another would say the same, and so would a wait."""
    return isinstance(error, APIError) and error.is_client_error()


def has_managers(error: BaseException, swarm: Swarm) -> bool:
    """Whether there may be a swarm that does not answer: locked, without quorum, or shut to us."""
    return any(text in reason(error, swarm) for text in (LOCKED, NO_LEADER, *REFUSED))


def no_answer(state: State, error: BaseException, swarm: Swarm) -> str:
    """One line that says why the swarm could not be asked, and what to do."""
    if LOCKED in reason(error, swarm):
        return (
            "the swarm is locked: run python -m pulumi_swarm.login swarm-manager-0 docker swarm "
            "unlock, and so for each manager by its name, with the key that the secret named "
            "unlock-key of this stack holds in AWS Secrets Manager"
        )
    if NO_LEADER in reason(error, swarm):
        return (
            "the swarm has lost its quorum: start the managers that are down; when more than half "
            "are gone for good, see what to do in docs/operations.md, Lost quorum"
        )
    if is_refusal(error):
        return f"the managers refused: {error.explanation}"
    if isinstance(error, APIError) and error.status_code == http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return (  # 503 is a manager that is none, or that has no leader
            f"a manager answered with an error: {error.explanation}; when it names an authority, "
            "that must answer first; else docker info on each manager (python -m "
            "pulumi_swarm.login) says more"
        )
    managers = ", ".join(state["connection"]["managers"])
    return (
        f"no manager of the swarm answers ({managers}): {reason(error, swarm)}; check that one of "
        "them runs and that ssh reaches it"
    )


def reason(error: BaseException, swarm: Swarm) -> str:
    """What ssh said last, which tells more than the connection that broke; else the error."""
    if swarm.said:
        return f"ssh: {swarm.said[-1].strip()}"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
