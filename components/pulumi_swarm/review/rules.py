"""Rules of security groups, in sentences, however they are declared; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pulumi_swarm.plan.ports import WITH_PORTS

from .steps import LATER, Change, State, Step

FIREWALL = "swarm:index:SwarmFirewall"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
RULES = {INGRESS_RULE: ("into", "from"), EGRESS_RULE: ("out of", "to")}
# The older ways to declare one, of which the swarm itself uses none: several peers in one rule,
# and rules inside a group.
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
GROUPS = (
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
)
WAYS = {"ingress": INGRESS_RULE, "egress": EGRESS_RULE}
NODES = "the swarm's own nodes"


def read_rules(steps: Sequence[Step]) -> Iterator[Step]:
    """What changes of rules, one step for each peer."""
    for step in steps:
        if step.kind in RULES:
            yield step
        elif step.kind == OLD_RULE:
            yield from _compared(step, *map(_old, (step.before, step.after)))
        elif step.kind in GROUPS:
            sides = (_inside(state, step.name) for state in (step.before, step.after))
            yield from _compared(step, *sides)


Rules = Sequence[tuple[str, State]]  # each with its way, as the type of the newer ones


def _compared(step: Step, before: Rules, after: Rules) -> Iterator[Step]:
    """What only one side has. Another description alone opens and closes nothing."""
    was, now = ([_traffic(found) for found in side] for side in (before, after))
    for (way, rule), traffic in zip(before, was, strict=True):
        if traffic not in now:
            change = Change.REMOVE
            yield replace(step, kind=way, change=change, before=rule, after={}, differences=())
    for (way, rule), traffic in zip(after, now, strict=True):
        if traffic not in was:
            change = Change.ADD
            yield replace(step, kind=way, change=change, before={}, after=rule, differences=())


def _traffic(found: tuple[str, State]) -> tuple[str, State]:
    way, rule = found
    return way, {key: value for key, value in rule.items() if key != "description"}


def _old(rule: State) -> Rules:
    way = WAYS.get(str(rule.get("type")), INGRESS_RULE)
    return [(way, one) for one in _of(rule, rule.get("securityGroupId"))]


def _inside(group: State, name: str) -> Rules:
    return [
        (way, one)
        for inside, way in WAYS.items()
        for rule in _listed(group, inside)
        for one in _of(rule if isinstance(rule, Mapping) else UNKNOWN_RULE, name)
    ]


def _listed(state: State, name: str) -> list[Any]:
    """A list of inputs; of one that is known after the update, that."""
    value = state.get(name)
    if value == LATER:
        return [LATER]
    return value if isinstance(value, list) else []


# Of a rule of which nothing is known yet.
UNKNOWN_RULE: State = {"protocol": "traffic", "cidrBlocks": [LATER]}


def _of(rule: State, group: object) -> list[State]:
    """An older rule as the newer ones have it: one for each peer."""
    if not rule:
        return []
    peers = [
        *({"cidrIpv4": cidr} for cidr in _listed(rule, "cidrBlocks")),
        *({"cidrIpv6": cidr} for cidr in _listed(rule, "ipv6CidrBlocks")),
        *({"prefixListId": listed} for listed in _listed(rule, "prefixListIds")),
        *({"referencedSecurityGroupId": other} for other in _listed(rule, "securityGroups")),
    ]
    if rule.get("sourceSecurityGroupId"):
        peers.append({"referencedSecurityGroupId": rule["sourceSecurityGroupId"]})
    if rule.get("self"):
        peers.append({"referencedSecurityGroupId": group})
    said = {
        "ipProtocol": rule.get("protocol"),
        "fromPort": rule.get("fromPort"),
        "toPort": rule.get("toPort"),
        "description": rule.get("description"),
        "securityGroupId": group,
    }
    return [{**said, **peer} for peer in peers]


def sentence(step: Step) -> str:
    """What a rule opens or closes, and to whom."""
    way, side = RULES[step.kind]
    verb = {Change.ADD: "opened", Change.REMOVE: "closed"}.get(step.change, "changed")
    rule, own = step.after or step.before, FIREWALL in step.owners
    place = "the nodes" if own else f"the security group {_known(rule.get('securityGroupId'))}"
    was = step.before or rule
    now = traffic_of(rule), peer_of(rule, own=own)
    before = traffic_of(was), peer_of(was, own=own)
    more = f"; before: {before[0]} {side} {before[1]}" if before != now else ""
    said = rule.get("description") or step.name
    return f"{now[0]} {way} {place} is {verb} {side} {now[1]} ({said}{more})"


def is_about_traffic(step: Step) -> bool:
    """Whether a rule lets in or out what it did not before; tags may change alone."""
    said = {difference.partition(".")[0] for difference in step.differences}
    return step.change is not Change.CHANGE or not said or not said <= {"tags", "tagsAll"}


def traffic_of(rule: State) -> str:
    """Protocol and ports of a rule: 2377/tcp, 8000-9000/tcp, ESP."""
    protocol = str(rule.get("ipProtocol", "?"))
    low, high = (_port(rule.get(end)) for end in ("fromPort", "toPort"))
    if not low or protocol not in WITH_PORTS:
        return {"50": "ESP", "-1": "everything"}.get(protocol, protocol)
    return f"{low}/{protocol}" if high in ("", low) else f"{low}-{high}/{protocol}"


def peer_of(rule: State, *, own: bool) -> str:
    """Who a rule is about. In the swarm's ``own`` rules another group is always one of its own."""
    for name in ("cidrIpv4", "cidrIpv6"):
        if rule.get(name):
            return _known(rule[name])
    if rule.get("prefixListId"):
        return f"the prefix list {_known(rule['prefixListId'])}"
    group = rule.get("referencedSecurityGroupId")
    return NODES if own or group is None else f"the security group {_known(group)}"


def _port(value: object) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, int | float) else "?"


def _known(value: object) -> str:
    return "(known after the update)" if value == LATER else str(value)
