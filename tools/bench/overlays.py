"""Throughput and latency between two workers: across overlays, and from host to host."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.lab.cloud import LocalCloud, Stack
from tests.lab.containers import container, inspect, pings

from . import traffic
from .table import Row, Table

SERVER, CLIENT = "swarm-worker-0", "swarm-worker-1"
DOCKERS_MTU = 1450  # what an overlay has when nobody says more: 1500 less VXLAN's 50
SOURCE = Path(traffic.__file__).read_text(encoding="utf-8")


def measure(table: Table, swarm: Stack, cloud: LocalCloud) -> None:
    """Planned MTU and Docker's own, each beside the way without an overlay."""
    narrow = {"name": "narrow", "attachable": True, "mtu": DOCKERS_MTU}
    swarm.configure(networks=[*swarm.base("networks"), narrow])
    swarm.up()
    _open_hosts(cloud)
    bare = _between(cloud, (), (), cloud.hosts()[SERVER]["address"])
    planned, default = _across(cloud, "shared"), _across(cloud, "narrow")
    told = (
        ("planned MTU", planned, "Docker's own MTU", default, 1.0),
        ("planned MTU", planned, "host to host", bare, None),
        ("Docker's own MTU", default, "host to host", bare, None),
    )
    for what, ours, against, theirs, aim in told:
        table.add(
            Row(
                work=f"1 GiB across an overlay, {what}",
                ours=ours["stream"],
                against=against,
                theirs=theirs["stream"],
                at_most=aim,
            )
        )
    table.add(
        Row(
            work="a round trip across an overlay",
            ours=planned["round_trip"] * 1000,
            against="host to host",
            theirs=bare["round_trip"] * 1000,
            unit="ms",
        )
    )
    _measure_encrypted(table, cloud, default)


def _measure_encrypted(table: Table, cloud: LocalCloud, plain: dict[str, float]) -> None:
    with _two_containers(cloud, "secure") as address:
        if not pings(cloud, CLIENT, "client", address):
            print(
                "1 GiB across an encrypted overlay: not measured, this kernel does not carry it; "
                "python -m tools.guest.guest .venv/bin/python -m tools.bench overlays does"
            )
            return
        found = _between_containers(cloud, address)
    table.add(
        Row(
            work="1 GiB across an encrypted overlay, MTU 1400",
            ours=found["stream"],
            against=f"not encrypted, MTU {DOCKERS_MTU}",
            theirs=plain["stream"],
        )
    )


def _open_hosts(cloud: LocalCloud) -> None:
    """Let the measurement pass between hosts; the rules go with their groups."""
    ec2 = cloud.aws("ec2")
    port = {"IpProtocol": "tcp", "FromPort": traffic.PORT, "ToPort": traffic.PORT}
    anyone = {**port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    mine = [{"Name": "group-name", "Values": ["swarm-*"]}]
    for group in ec2.describe_security_groups(Filters=mine)["SecurityGroups"]:
        ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[anyone])
        ec2.authorize_security_group_egress(GroupId=group["GroupId"], IpPermissions=[anyone])


@contextmanager
def _two_containers(cloud: LocalCloud, network: str) -> Iterator[str]:
    """One at each end; yields the server's address."""
    with (
        container(cloud, SERVER, "server", network) as address,
        container(cloud, CLIENT, "client", network),
    ):
        yield address


def _across(cloud: LocalCloud, network: str) -> dict[str, float]:
    with _two_containers(cloud, network) as address:
        return _between_containers(cloud, address)


def _between_containers(cloud: LocalCloud, address: str) -> dict[str, float]:
    def inside(host: str, name: str) -> tuple[str, ...]:
        return ("nsenter", "--net", "--target", str(inspect(cloud, host, name)["State"]["Pid"]))

    return _between(cloud, inside(SERVER, "server"), inside(CLIENT, "client"), address)


def _between(
    cloud: LocalCloud, server: tuple[str, ...], client: tuple[str, ...], address: str
) -> dict[str, float]:
    """What a client measures; both are Python on their hosts, in the networks asked for."""
    with ThreadPoolExecutor() as pool:
        serving = pool.submit(cloud.on, SERVER, *server, "python3", "-c", SOURCE, "serve")
        said = cloud.on(CLIENT, *client, "python3", "-c", SOURCE, "ask", address)
        serving.result()
    found: dict[str, float] = json.loads(said)
    return found
