"""The OverlayProbe resource: proof that packets cross a network between all nodes."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from docker.types import (
    ContainerSpec,
    DriverConfig,
    NetworkAttachmentConfig,
    RestartPolicy,
    ServiceMode,
    TaskTemplate,
)

from pulumi_swarm.plan.nodes import Availability
from pulumi_swarm.plan.probe import (
    ASK,
    PORT,
    SERVE,
    Check,
    Findings,
    asking_seconds,
    causes,
    read_answers,
    vouched,
)

from . import node
from .errors import ResourceError
from .swarm import UNREACHABLE, State, Swarm, no_answer

POLL_SECONDS = 0.5
START_SHARE = 3  # of the time for a first start: where the image is there, a third is enough
PROBE_LABEL = "swarm.probe"  # of its services
# Logs of tasks that have ended come to the manager in one second. After a while without tcp 2377
# they may not come at all: the leader takes a node for gone that is there (swarmkit logbroker).
LOG_SECONDS = 10
LOG_ERROR = "Error grabbing logs:"  # moby api/server/httputils, WriteLogStream
GONE_SECONDS = 60  # a network is in use until the last container on it has ended
RUNNING, COMPLETE = "running", "complete"
OVER = (COMPLETE, "failed", "rejected", "shutdown", "orphaned", "remove")

INPUTS = frozenset(
    {
        "network",
        "image",
        "checks",
        "encrypted",
        "dataPathPort",
        "timeoutSeconds",
        "triggers",
        "connection",
    }
)


def create(inputs: State) -> tuple[str, State]:
    """Probe the network; fails, with the likely cause, when anything does not cross."""
    return f"probe-{inputs['network']}", {"matrix": _matrix(inputs)}


def update(_resource_id: str, _old: State, new: State) -> State:
    """Probe again: something of what was probed has changed."""
    return {"matrix": _matrix(new)}


def probe(inputs: State) -> Findings:
    """Run the probe and remove all of it."""
    swarm = Swarm(inputs["connection"])
    try:
        return _Probe(swarm, inputs).run()
    except UNREACHABLE as error:
        raise ResourceError(no_answer(inputs, error, swarm)) from error


def _matrix(inputs: State) -> State:
    found = probe(inputs)
    reasons = causes(found)
    if reasons or not found.is_good:
        raise ResourceError(f"network {found.network} does not carry: {'; '.join(reasons)}")
    return matrix(found)


def matrix(found: Findings) -> State:
    """The answers as plain values: {source: {target: {check: value}}}."""
    rows: dict[str, dict[str, dict[str, str]]] = {}
    for answer in found.answers:
        row = rows.setdefault(answer.source, {}).setdefault(answer.target, {})
        row[answer.check.value] = answer.value
    return rows


class _Probe:
    """One run: a server on every node, then containers on every node that ask all servers."""

    def __init__(self, swarm: Swarm, inputs: State) -> None:
        self._swarm = swarm
        self._inputs = inputs
        self._name = f"swarm-probe-{secrets.token_hex(3)}"
        self._deadline: float = time.monotonic() + inputs["timeoutSeconds"]
        self._checks = [Check(name) for name in inputs["checks"]]

    def run(self) -> Findings:
        network = self._swarm.network_id(self._inputs["network"])
        if network is None:
            raise ResourceError(
                f"there is no network {self._inputs['network']!r} in the swarm; name one that is "
                "declared"
            )
        members = self._swarm.members()
        names = {m.node_id: m.hostname for m in members}
        ready = [m for m in members if m.state == "ready"]
        active = [m for m in ready if m.availability == Availability.ACTIVE]
        with self._service("serve", SERVE, [network]) as servers, self._published() as port:
            tasks = self._wait(servers, [m.node_id for m in active], (RUNNING, *OVER))
            running = {n: t for n, t in tasks.items() if _state(t) == RUNNING}
            peers = {
                n: f"{_address(t, network)}={self._name}-serve.{n}.{t['ID']}"
                for n, t in running.items()
            }
            # Its own port alone: what others may reach from outside, the caller's rules decide.
            published = {m.node_id: f"{m.address}:{port}" for m in active} if port else {}
            told = {"PEERS": _words(peers), "PUBLISHED": _words(published)}
            with self._service("ask", ASK, [network], told) as asking:
                self._deadline = time.monotonic() + asking_seconds(len(peers))
                self._deadline += self._inputs["timeoutSeconds"] / START_SHARE
                asked = self._wait(asking, list(peers), OVER)
                lines = self._log(asking, len(peers))
        answers, ended = read_answers(lines, names)
        for m in active:  # a machine of a pool may have joined since, and is asked by nobody
            task = asked.get(m.node_id)
            if m.hostname not in ended and task is not None and _state(task) == COMPLETE:
                others = [names.get(n, n) for n in peers if n != m.node_id]
                answers += vouched(m.hostname, others, self._checks)
                ended.add(m.hostname)
        unread = [line for line in lines if line.startswith(LOG_ERROR)]
        silent = {
            names[m.node_id]: "; ".join(
                [_why(asked.get(m.node_id) or tasks.get(m.node_id)), *unread]
            )
            for m in active
            if names[m.node_id] not in ended
        }
        return Findings(
            network=self._inputs["network"],
            encrypted=self._inputs["encrypted"],
            data_path_port=self._inputs["dataPathPort"],
            answers=[a for a in answers if a.check in self._checks],
            # Machines of pools come and go, and joins that broke off have no name: managers take
            # both off the list.
            down=[m.hostname for m in members if m.state != "ready" and m.hostname and not m.pool],
            silent=silent,
            left_out={m.hostname: m.availability for m in ready if m not in active},
        )

    @contextmanager
    def _service(
        self,
        suffix: str,
        script: str,
        networks: Sequence[str],
        told: Mapping[str, str] | None = None,
        *,
        mode: ServiceMode | None = None,
        endpoint: Mapping[str, Any] | None = None,
    ) -> Iterator[str]:
        """A service with one container on every node, removed with all its containers."""
        once = suffix == "ask"
        environment: dict[str, str | bytes | None] = {**(told or {}), "NODE": "{{.Node.ID}}"}
        task = TaskTemplate(
            ContainerSpec(
                self._inputs["image"],
                command=["sh", "-c", script],
                env=environment,
                stop_grace_period=10**9,  # nanoseconds
            ),
            # With a limit of attempts swarm keeps tasks that have ended, whatever the limit of its
            # history is (swarmkit taskreaper); their logs would go with them.
            restart_policy=RestartPolicy("none", max_attempts=1) if once else RestartPolicy("any"),
            # Other drivers keep logs where a manager cannot read them.
            log_driver=DriverConfig("json-file"),
            networks=[NetworkAttachmentConfig(target) for target in networks],
        )
        name = f"{self._name}-{suffix}"
        try:
            made = self._swarm.create_service(
                task,
                name=name,
                labels={PROBE_LABEL: self._inputs["network"]},
                mode=mode or ServiceMode("global"),
                endpoint_spec=endpoint or {"Mode": "dnsrr"},
            )
            yield made
        finally:
            for left in self._swarm.services(name):
                self._swarm.remove_service(left)
                self._until(partial(self._is_gone, left), GONE_SECONDS)

    def _is_gone(self, service: str) -> bool:
        return not self._swarm.has_tasks_of(service)

    @contextmanager
    def _published(self) -> Iterator[int]:
        """A port of the swarm's choice, with one container behind it; 0 when nobody asked."""
        if Check.PUBLISHED not in self._checks:
            yield 0
            return
        one, endpoint = (
            ServiceMode("replicated", 1),
            {"Ports": [{"Protocol": "tcp", "TargetPort": PORT}]},
        )
        with self._service("publish", SERVE, [], mode=one, endpoint=endpoint) as service:
            self._until(
                lambda: any(_state(t) == RUNNING for t in self._swarm.tasks_of(service)),
                self._seconds_left(),
            )
            yield self._swarm.published_port(service)

    def _wait(
        self, service: str, nodes: Sequence[str], states: Sequence[str]
    ) -> dict[str, dict[str, Any]]:
        """The newest task on each node, once all of these nodes have one in one of the states."""
        found: dict[str, dict[str, Any]] = {}

        def all_there() -> bool:
            tasks = sorted(self._swarm.tasks_of(service), key=lambda t: str(t["CreatedAt"]))
            found.update({task.get("NodeID", ""): task for task in tasks})
            return all(n in found and _state(found[n]) in states for n in nodes)

        self._until(all_there, self._seconds_left())
        return found

    def _log(self, service: str, ends: int) -> list[str]:
        """The lines of all containers, once as many have come to their end as have begun."""
        lines: list[str] = []

        def all_there() -> bool:
            lines[:] = self._swarm.service_log(service).splitlines()
            return sum(line.endswith(" - end -") for line in lines) >= ends

        self._until(all_there, LOG_SECONDS)
        return lines

    def _seconds_left(self) -> float:
        return self._deadline - time.monotonic()

    @staticmethod
    def _until(done: Callable[[], bool], seconds: float) -> None:
        """Wait, but not for ever: what is missing then is told by what was found."""
        deadline = time.monotonic() + seconds
        while not done() and time.monotonic() < deadline and not node.cancelled.is_set():
            node.cancelled.wait(POLL_SECONDS)


def _state(task: Mapping[str, Any]) -> str:
    return str(task["Status"]["State"])


def _address(task: Mapping[str, Any], network: str) -> str:
    for attachment in task.get("NetworksAttachments") or ():
        if attachment["Network"]["ID"] == network:
            return str(attachment["Addresses"][0]).partition("/")[0]
    return ""


def _words(values: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in values.items() if value)


def _why(task: Mapping[str, Any] | None) -> str:
    """What Docker says of a container that gave no answer."""
    if task is None:
        return "no container was placed there"
    status = task["Status"]
    return str(status.get("Err") or f"its container is {status['State']}")
