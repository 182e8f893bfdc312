"""Rules of security groups, in sentences; pure."""

from .steps import Change, State, Step

FIREWALL = "swarm:index:SwarmFirewall"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
RULES = {
    INGRESS_RULE: "into",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "out of",
}


def sentence(step: Step) -> str:
    """What a rule opens or closes, and to whom."""
    way = RULES[step.kind]
    verb = {Change.ADD: "opened", Change.REMOVE: "closed"}.get(step.change, "changed")
    rule = step.after or step.before
    own = FIREWALL in step.owners
    now, was = _opening(way, rule, own=own), _opening(way, step.before or rule, own=own)
    before = f"; before: {was}" if was != now else ""
    traffic, whom = now.split(" ", 1)
    place = rule.get("description") or step.name
    return f"{traffic} {way} the nodes is {verb} {whom} ({place}{before})"


def _opening(way: str, rule: State, *, own: bool) -> str:
    side = "from" if way == "into" else "to"
    return f"{traffic_of(rule)} {side} {peer_of(rule, own=own)}"


def traffic_of(rule: State) -> str:
    """Protocol and ports of a rule: 2377/tcp, 8000-9000/tcp, ESP."""
    protocol = str(rule.get("ipProtocol", "?"))
    low, high = (_port(rule.get(end)) for end in ("fromPort", "toPort"))
    if not low:
        return {"50": "ESP", "-1": "everything"}.get(protocol, protocol)
    return f"{low}/{protocol}" if high in ("", low) else f"{low}-{high}/{protocol}"


def _port(value: object) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, int | float) else "?"  # known after the update


def peer_of(rule: State, *, own: bool) -> str:
    """Who a rule is about. In the swarm's ``own`` rules another group is always one of its own."""
    for name in ("cidrIpv4", "cidrIpv6"):
        if isinstance(rule.get(name), str):
            return str(rule[name])
    if isinstance(rule.get("prefixListId"), str):
        return f"the prefix list {rule['prefixListId']}"
    group = rule.get("referencedSecurityGroupId")
    return "the swarm's own nodes" if own or group is None else f"the security group {group}"


def is_about_traffic(step: Step) -> bool:
    """Whether a rule lets in or out what it did not before; tags may change alone."""
    said = {difference.partition(".")[0] for difference in step.differences}
    return step.change is not Change.CHANGE or not said or not said <= {"tags", "tagsAll"}
