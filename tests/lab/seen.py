"""What a swarm and AWS show of a stack, without Pulumi, and what a report said of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pulumi_swarm.review.sentences import Review
from tests.lab.cloud import LocalCloud
from tests.lab.containers import MANAGER

Changes = Mapping[str, str]

NETWORK = re.compile(r"network `(\S+)` is (added|replaced|removed)\b")
NODES = (
    (re.compile(r"`(\S+)` joins$"), "added"),
    (re.compile(r"`(\S+)` is drained, taken out, and another machine joins for it$"), "replaced"),
    (re.compile(r"`(\S+)` is drained, taken out of the swarm and terminated$"), "removed"),
)
POOL = re.compile(r"pool `(\S+)` is (added|removed)\b")
OPENED, CLOSED = "into the nodes is opened from", "into the nodes is closed from"
RULE = re.compile(r"^(\S+) into the nodes is (opened|closed) from (\d\S+) ")
INSTANCES = re.compile(r"^(\d+) instances? more, (\d+) fewer$")


@dataclass(frozen=True)
class Seen:
    """Ids by name, what rules let in of whom, and the ranges among those, each with its traffic."""

    networks: Mapping[str, str]
    nodes: Mapping[str, str]
    pools: Mapping[str, str]
    rules: frozenset[tuple[str, str, str]]
    ranges: frozenset[tuple[str, str]]
    instances: frozenset[str]


def logins(swarm: LocalCloud) -> int:
    """How often the managers' sshd have let Pulumi in, as long as their machines have run."""
    accepted = "journalctl --unit=ssh --no-pager | grep -c 'Accepted publickey for swarm' || true"
    managers = [host for host in swarm.hosts() if "-manager-" in host]
    return sum(int(swarm.on(host, "sh", "-c", accepted)) for host in managers)


def seen(swarm: LocalCloud) -> Seen:
    """What is there now."""
    return Seen(
        networks=_by_name(
            swarm, "network", "ls", "--filter=driver=overlay", "--format={{.Name}} {{.ID}}"
        ),
        nodes=_by_name(swarm, "node", "ls", "--format={{.Hostname}} {{.ID}}"),
        pools=_pools(swarm),
        rules=frozenset(_rules(swarm)),
        ranges=frozenset((traffic, peer) for _, traffic, peer in _rules(swarm) if "/" in peer),
        instances=frozenset(_instances(swarm)),
    )


def _by_name(swarm: LocalCloud, *command: str) -> Mapping[str, str]:
    rows = swarm.on(MANAGER, "docker", *command).splitlines()
    found = {name: rest for name, _, rest in (row.partition(" ") for row in rows)}
    assert len(found) == len(rows), rows  # no phantom beside its successor
    return found


def _instances(swarm: LocalCloud) -> set[str]:
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    found = swarm.aws("ec2").describe_instances(Filters=running)["Reservations"]
    return {each["InstanceId"] for reservation in found for each in reservation["Instances"]}


def _pools(swarm: LocalCloud) -> Mapping[str, str]:
    groups = swarm.aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    names = [group["AutoScalingGroupName"] for group in groups]
    return {name.rpartition("/")[2]: name for name in names}


def _rules(swarm: LocalCloud) -> set[tuple[str, str, str]]:
    """Of each rule into the swarm's groups: the group, the traffic, and a range or a group."""
    groups = swarm.aws("ec2").describe_security_groups()["SecurityGroups"]
    return {
        (group["GroupId"], f"{allowed.get('FromPort', '')}/{allowed['IpProtocol']}", peer)
        for group in groups
        if group["GroupName"].startswith("swarm-")
        for allowed in group["IpPermissions"]
        for peer in (
            *(found["CidrIp"] for found in allowed["IpRanges"]),
            *(found["GroupId"] for found in allowed["UserIdGroupPairs"]),
        )
    }


def happened(before: Mapping[str, str], after: Mapping[str, str]) -> Changes:
    """What became of each thing that is not what it was."""
    words = {(False, True): "added", (True, False): "removed", (True, True): "replaced"}
    return {
        name: words[name in before, name in after]
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }


def said_of_networks(report: Review) -> Changes:
    return {found[1]: found[2] for text in report.networks if (found := NETWORK.search(text))}


def said_of_pools(report: Review) -> Changes:
    return {found[1]: found[2] for text in report.nodes if (found := POOL.search(text))}


def said_of_rules(report: Review) -> tuple[int, int]:
    """How many rules are opened and closed."""
    return (
        sum(OPENED in text for text in report.ports),
        sum(CLOSED in text for text in report.ports),
    )


def said_of_nodes(report: Review) -> Changes:
    return {
        found[1]: change
        for text in report.nodes
        for pattern, change in NODES
        if (found := pattern.search(text))
    }


def said_of_ranges(report: Review) -> Mapping[tuple[str, str], str]:
    """Ranges that are let in or no more, each with its traffic."""
    return {(found[1], found[3]): found[2] for text in report.ports if (found := RULE.search(text))}


def said_of_instances(report: Review) -> int:
    """How many machines more there would be, those that are replaced aside."""
    counts = [found for text in report.costs if (found := INSTANCES.search(text))]
    return sum(int(found[1]) - int(found[2]) for found in counts)
