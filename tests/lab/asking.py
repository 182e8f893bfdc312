"""Requests to a published port from outside of the swarm, while something happens to it."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab.settings import BUSYBOX_IMAGE
from tests.lab.cloud import LocalCloud, Stack
from tests.lab.containers import MANAGER

ANSWER = "here"
SERVE = f"mkdir /www && echo {ANSWER} >/www/index.html && exec httpd -f -h /www"
PORT = 8080
REQUEST = "GET / HTTP/1.0\\r\\n\\r\\n"
MOST = 5000  # requests; more than any test lasts
PAUSE_SECONDS = 0.1


@dataclass
class Count:
    """Requests, those for which the first node did not answer, and those for which none did."""

    asked: int = 0
    asked_again: int = 0
    lost: int = 0


@contextmanager
def site_on_workers(stack: Stack, cloud: LocalCloud) -> Iterator[int]:
    """A service with a task on each worker; yields the port of it that the firewall opens."""
    rule = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": PORT}
    rule["IpRanges"] = [{"CidrIp": stack.base("adminCidrs")[0]}]
    into = {"GroupId": stack.outputs()["worker_security_group_id"], "IpPermissions": [rule]}
    cloud.aws("ec2").authorize_security_group_ingress(**into)
    publish = ("--publish", f"mode=host,published={PORT},target=80", "--mode", "global")
    create = ("docker", "service", "create", "-d", "--name", "site", *publish)
    workers = ("--constraint", "node.role==worker", BUSYBOX_IMAGE, "sh", "-c", SERVE)
    cloud.on(MANAGER, *create, *workers)
    try:
        yield PORT
    finally:
        cloud.on(MANAGER, "docker", "service", "rm", "site")
        cloud.aws("ec2").revoke_security_group_ingress(**into)


@contextmanager
def asked_from_outside(cloud: LocalCloud, port: int) -> Iterator[Count]:
    """Ask the workers' port as a load balancer does: in turn, and another when one fails."""
    count, ended = Count(), threading.Event()

    def ask() -> None:
        while not ended.wait(PAUSE_SECONDS) and count.asked < MOST:
            hosts = cloud.hosts()
            addresses = [hosts[name]["address"] for name in sorted(hosts) if "-worker-" in name]
            first = count.asked % len(addresses)
            tries = [*addresses[first:], *addresses[:first]]
            answered = next((i for i, a in enumerate(tries) if _answers(cloud, a, port)), None)
            count.asked += 1
            count.asked_again += answered != 0
            count.lost += answered is None

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    try:
        yield count
    finally:
        ended.set()
        asking.join()


def _answers(cloud: LocalCloud, address: str, port: int) -> bool:
    within = ("nsenter", f"--net=/run/netns/{cloud.config.fabric}")
    ask = ("sh", "-c", f"printf '{REQUEST}' | timeout 3 nc -w 2 {address} {port}")
    asked = subprocess.run([*within, *ask], capture_output=True, text=True, check=False)
    return ANSWER in asked.stdout
