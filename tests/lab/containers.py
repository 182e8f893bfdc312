"""Containers and services on the swarm's hosts, removed when a test is done with them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lab.settings import BUSYBOX_IMAGE
from pulumi_swarm.plan.overlay import VNI_OPTION
from tests.lab.cloud import PATIENCE, LocalCloud, eventually

MANAGER = "swarm-manager-0"
SLEEP = ("sleep", str(600 * PATIENCE))  # outlives every test, and ends by itself


@contextmanager
def container(cloud: LocalCloud, host: str, name: str, network: str) -> Iterator[str]:
    """A standalone container on an attachable network; yields its address there."""
    cloud.on(
        host, "docker", "run", "-d", "--name", name, "--network", network, BUSYBOX_IMAGE, *SLEEP
    )
    try:
        found = inspect(cloud, host, name)
        yield found["NetworkSettings"]["Networks"][network]["IPAddress"]
    finally:
        cloud.on(host, "docker", "rm", "-f", name, check=False)


@contextmanager
def service(cloud: LocalCloud, name: str, *options: str) -> Iterator[None]:
    """A service with all its replicas running."""
    create = (
        *("docker", "service", "create", "-d", "--name", name, "--stop-grace-period", "1s"),
        *(*options, BUSYBOX_IMAGE, *SLEEP),
    )
    cloud.on(MANAGER, *create)
    try:
        eventually(lambda: _complete(cloud, name), 60, f"service {name} is complete")
        yield
    finally:
        cloud.on(MANAGER, "docker", "service", "rm", name)
        # Docker forgets the tasks at once; their containers hold networks until they have ended.
        label = f"label=com.docker.swarm.service.name={name}"
        listed = ("docker", "ps", "--all", "--quiet", "--filter", label)
        eventually(
            lambda: not any(cloud.on(host, *listed).strip() for host in cloud.hosts()),
            30,
            f"containers of {name} are gone",
        )


def inspect(cloud: LocalCloud, host: str, thing: str) -> Any:
    return json.loads(cloud.on(host, "docker", "inspect", thing))[0]


def vni(cloud: LocalCloud, network: str) -> int:
    """The VXLAN id of a network."""
    return int(inspect(cloud, MANAGER, network)["Options"][VNI_OPTION])


def ready(cloud: LocalCloud) -> list[str]:
    """The nodes that the first manager lists as Ready; none while it lists nothing."""
    template = "{{.Hostname}} {{.Status}}"
    listed = cloud.on(MANAGER, "docker", "node", "ls", "--format", template, check=False)
    rows = [line.split() for line in listed.splitlines()]
    return [row[0] for row in rows if row[-1:] == ["Ready"]]


def networks(cloud: LocalCloud, host: str) -> dict[str, tuple[str, str]]:
    """What ``docker network ls`` lists: {name: (driver, scope)}."""
    # A network that is just being removed has no driver any more.
    template = "{{.Name}}|{{.Driver}}|{{.Scope}}"
    listed = cloud.on(host, "docker", "network", "ls", "--format", template)
    rows = (row.split("|") for row in listed.splitlines())
    return {name: (driver, scope) for name, driver, scope in rows}


def task_container(cloud: LocalCloud, host: str, service_name: str) -> str:
    """The id of the service's container on a host, or nothing."""
    label = f"label=com.docker.swarm.service.name={service_name}"
    return cloud.on(host, "docker", "ps", "-q", "--filter", label).strip()


def pings(cloud: LocalCloud, host: str, source: str, target: str) -> bool:
    """Whether one packet goes and comes back, from inside a container."""
    return cloud.succeeds(host, "docker", "exec", source, "ping", "-c1", "-W1", target)


@contextmanager
def stopped(cloud: LocalCloud, *units: str, hosts: Sequence[str] | None = None) -> Iterator[None]:
    """Units of every manager stopped, or of these hosts; the swarm is back afterwards."""
    chosen = _managers(cloud) if hosts is None else hosts
    for host in chosen:
        cloud.on(host, "systemctl", "stop", *units)
    try:
        yield
    finally:
        for host in chosen:
            cloud.on(host, "systemctl", "start", *reversed(units))
        ls = ("docker", "node", "ls", "--format", "{{.Status}}")
        eventually(
            lambda: set(cloud.on(MANAGER, *ls, check=False).split()) == {"Ready"}, 90, "it is back"
        )


def _managers(cloud: LocalCloud) -> list[str]:
    return [host for host in cloud.hosts() if "-manager-" in host]


def _complete(cloud: LocalCloud, name: str) -> bool:
    listed = cloud.on(
        *(MANAGER, "docker", "service", "ls"),
        *("--filter", f"name={name}", "--format", "{{.Replicas}}"),
    )
    running, _, wanted = listed.strip().partition("/")
    return running == wanted != ""
