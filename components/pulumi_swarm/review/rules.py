"""Rules of security groups, in sentences; pure."""

from pulumi_swarm.plan.ports import WITH_PORTS

from .steps import LATER, Change, State, Step

FIREWALL = "swarm:index:SwarmFirewall"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
RULES = {
    INGRESS_RULE: ("into", "from"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("out of", "to"),
}
NODES = "the swarm's own nodes"


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
