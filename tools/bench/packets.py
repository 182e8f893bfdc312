"""Throughput and latency across overlays, beside the path from host to host."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

from tests.lab.cloud import LocalCloud, Stack, eventually
from tests.lab.containers import container, pings

from .table import Row, Table

ONE, TWO = "swarm-worker-0", "swarm-worker-1"
MIB = 1024  # a second or more: the clock of /proc/uptime has hundredths
PINGS = 200
PORT = 9100
LISTENING_SECONDS = 2.0  # until the other end listens
RUNS = 3  # the best of so many: the machine does other things, too


def measure(table: Table, swarm: Stack, cloud: LocalCloud) -> None:
    """Docker's own MTU, the planned one, and encrypted where the kernel can."""
    networks = [*swarm.base("networks"), {"name": "small", "attachable": True, "mtu": 1500}]
    networks.append({"name": "sealed", "attachable": True, "encrypted": True})
    swarm.configure(networks=networks)
    swarm.up()
    host = _between_hosts(cloud)
    planned = _across(cloud, "shared")
    default = _across(cloud, "small")
    table.add(_throughput("planned MTU (8951)", planned[0], "host to host", host[0]))
    table.add(_throughput("Docker's own MTU (1450)", default[0], "host to host", host[0]))
    table.add(_throughput("Docker's own MTU (1450)", default[0], "planned MTU", planned[0], 1.0))
    table.add(_latency("planned MTU", planned[1], host[1]))
    table.add(_latency("Docker's own MTU", default[1], host[1]))
    try:
        sealed = _across(cloud, "sealed")
    except AssertionError:
        print("bench: this kernel has no ESP: nothing crosses an encrypted network to be timed")
    else:
        table.add(_throughput("encrypted", sealed[0], "planned MTU", planned[0]))
        table.add(_latency("encrypted", sealed[1], host[1]))
    swarm.configure()
    swarm.up()


def _throughput(
    what: str, ours: float, against: str, theirs: float, aim: float | None = None
) -> Row:
    work = f"TCP across an overlay, {what}"
    return Row(work=work, ours=ours, against=against, theirs=theirs, unit="MiB/s", at_most=aim)


def _latency(what: str, ours: float, theirs: float) -> Row:
    work = f"ping across an overlay, {what}"
    return Row(work=work, ours=ours, against="host to host", theirs=theirs, unit="µs")


def _across(cloud: LocalCloud, network: str) -> tuple[float, float]:
    """Throughput and latency between containers on two workers, when anything crosses."""
    with container(cloud, ONE, "from", network), container(cloud, TWO, "to", network) as address:
        eventually(lambda: pings(cloud, ONE, "from", address), 20, "it carries")
        inside = ("docker", "exec")
        return _measured(cloud, (*inside, "from"), (*inside, "to"), address)


def _between_hosts(cloud: LocalCloud) -> tuple[float, float]:
    """The same by the hosts' own addresses, with a rule of its own for as long as it takes."""
    ec2 = cloud.aws("ec2")
    wanted = [{"Name": "tag:Name", "Values": ["swarm-workers"]}]
    (group,) = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    pair = [{"GroupId": group["GroupId"]}]
    rule = [{"IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "UserIdGroupPairs": pair}]
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rule)
    ec2.authorize_security_group_egress(GroupId=group["GroupId"], IpPermissions=rule)
    address = cloud.hosts()[TWO]["address"]
    try:
        return _measured(cloud, (), (), address)
    finally:
        ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rule)
        ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=rule)


def _measured(
    cloud: LocalCloud, source: tuple[str, ...], target: tuple[str, ...], address: str
) -> tuple[float, float]:
    """MiB per second by TCP, and microseconds there and back."""
    speeds = []
    for run in range(RUNS):
        port = PORT + run
        listen = f"timeout 60 busybox nc -l -p {port} >/dev/null </dev/null"
        data = f"busybox dd if=/dev/zero bs=1M count={MIB} 2>/dev/null"
        sent = f"{data} | timeout 60 busybox nc {address} {port}"
        send = f"read a _ </proc/uptime; {sent}; read b _ </proc/uptime; echo took $a $b"
        with ThreadPoolExecutor() as other:
            other.submit(cloud.on, TWO, *target, "sh", "-c", listen, check=False)
            time.sleep(LISTENING_SECONDS)
            said = cloud.on(ONE, *source, "sh", "-c", send)
        _, began, ended = said.split()
        speeds.append(MIB / (float(ended) - float(began)))
    said = cloud.on(ONE, *source, "busybox", "ping", "-q", "-c", str(PINGS), "-i", "0.01", address)
    average = re.search(r"= [\d.]+/([\d.]+)/", said)
    if average is None:
        raise RuntimeError(said)
    return max(speeds), float(average[1]) * 1000
