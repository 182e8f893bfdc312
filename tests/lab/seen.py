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
RULE = re.compile(r"^(\S+) into the nodes is (opened|closed) from (\d\S+) ")
INSTANCES = re.compile(r"^(\d+) instances? more, (\d+) fewer$")


@dataclass(frozen=True)
class Seen:
    """Ids by name, and the ranges that rules let in, each with its traffic."""

    networks: Mapping[str, str]
    nodes: Mapping[str, str]
    ranges: frozenset[tuple[str, str]]
    instances: frozenset[str]


def seen(swarm: LocalCloud) -> Seen:
    """What is there now."""
    return Seen(
        networks=_by_name(
            swarm, "network", "ls", "--filter=driver=overlay", "--format={{.Name}} {{.ID}}"
        ),
        nodes=_by_name(swarm, "node", "ls", "--format={{.Hostname}} {{.ID}}"),
        ranges=frozenset(_ranges(swarm)),
        instances=frozenset(host["instance"] for host in swarm.hosts().values()),
    )


def _by_name(swarm: LocalCloud, *command: str) -> Mapping[str, str]:
    rows = swarm.on(MANAGER, "docker", *command).splitlines()
    found = {name: rest for name, _, rest in (row.partition(" ") for row in rows)}
    assert len(found) == len(rows), rows  # no phantom beside its successor
    return found


def _ranges(swarm: LocalCloud) -> set[tuple[str, str]]:
    groups = swarm.aws("ec2").describe_security_groups()["SecurityGroups"]
    return {
        (f"{permission['FromPort']}/{permission['IpProtocol']}", found["CidrIp"])
        for group in groups
        if group["GroupName"].startswith("swarm-")
        for permission in group["IpPermissions"]
        for found in permission["IpRanges"]
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
