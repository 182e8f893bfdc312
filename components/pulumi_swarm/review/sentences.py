"""What a preview means for a swarm, in sentences; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_swarm.plan.nodes import quorum
from pulumi_swarm.plan.ports import Role

from .steps import Change, State, Step, all_inputs, read_failures, read_steps

NETWORK = "docker:index/network:Network"
NODE = "swarm:index:Node"
SPEC = "swarm:index:SwarmSpec"
SETTINGS = "swarm:index:SwarmSettings"
ROLLOUT = "swarm:index:Rollout"  # the order of what the nodes' own sentences say
GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"  # of a group; its name is the group's
INSTANCE = "aws:ec2/instance:Instance"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
RULES = {
    INGRESS_RULE: "into",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "out of",
}
# What AWS charges for by the hour or month as long as it is there.
COSTS = {
    INSTANCE: "instance",
    "aws:ec2/natGateway:NatGateway": "NAT gateway",
    "aws:ec2/eip:Eip": "Elastic IP",
    "aws:secretsmanager/secret:Secret": "secret",
}
DESTRUCTIVE = (Change.REPLACE, Change.REMOVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What a manager says of a network: who is attached, and its VXLAN ids."""

    services: int = 0
    containers: int = 0
    vnis: tuple[int, ...] = ()


# By network; None when nobody could be asked.
Attached = Mapping[str, Live]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a pull request would do to a swarm."""

    networks: tuple[str, ...]
    nodes: tuple[str, ...]
    quorum: tuple[str, ...]
    swarm: tuple[str, ...]
    ports: tuple[str, ...]
    ranges: tuple[str, ...]
    costs: tuple[str, ...]
    others: tuple[str, ...]
    unknown: tuple[str, ...]
    destructive: bool


def review(preview: Mapping[str, Any], attached: Attached | None) -> Review:
    """Read a preview; ``attached`` is what a manager says is on each network."""
    steps = read_steps(preview)
    told = {NETWORK, NODE, SPEC, SETTINGS, ROLLOUT, GROUP, TEMPLATE}
    ports = [s for s in steps if s.kind in RULES and _is_about_traffic(s)]
    cut_off = any(
        step.kind in (NETWORK, NODE, GROUP) and step.change in DESTRUCTIVE for step in steps
    )
    unknown = [*read_failures(preview)]
    if attached is None and any(s.kind == NETWORK and s.change in DESTRUCTIVE for s in steps):
        unknown.append("What is attached to the networks: no manager was reachable.")
    return Review(
        networks=tuple(_network(s, attached) for s in steps if s.kind == NETWORK),
        nodes=(*(_node(s) for s in steps if s.kind == NODE), *_pools(steps)),
        quorum=tuple(_quorum(preview, steps)),
        swarm=tuple(_swarm(s) for s in steps if s.kind == SPEC),
        ports=tuple(_rule(s) for s in ports),
        ranges=tuple(_ranges(preview)),
        costs=tuple(_costs(steps)),
        others=tuple(
            f"{_short(s.kind)} `{s.name}` is {s.change}{_which(s)}"
            for s in steps
            if s.kind not in told and s not in ports
        ),
        unknown=tuple(unknown),
        destructive=cut_off,
    )


def _network(step: Step, attached: Attached | None) -> str:
    name = (step.after or step.before).get("name", step.name)
    sentence = f"network `{name}` is {step.change}{_which(step)}"
    if step.change not in DESTRUCTIVE:
        return sentence
    if attached is None:
        users = "whatever is attached is"
    elif name not in attached:
        users = "nothing is"
    else:
        live = attached[name]
        users = (
            f"{counted(live.services, 'service')} and {counted(live.containers, 'container')} are"
        )
    until = "cut off until re-attached" if step.change is Change.REPLACE else "cut off"
    return f"{sentence}: {users} {until}; Docker refuses it while a service uses it"


def _node(step: Step) -> str:
    role = (step.after or step.before).get("role", "node")
    match step.change:
        case Change.ADD:
            return f"{role} `{step.name}` joins"
        case Change.REMOVE:
            return f"{role} `{step.name}` is drained, taken out of the swarm and terminated"
        case Change.REPLACE:
            return f"{role} `{step.name}` is drained, taken out, and another machine joins for it"
    before, after = step.before.get("role"), step.after.get("role")
    if before and after and before != after:
        verb = "promoted" if after == Role.MANAGER else "demoted"
        return f"{before} `{step.name}` is {verb} to {after}"
    return f"{role} `{step.name}` is {step.change}{_which(step)}"


def _pools(steps: Sequence[Step]) -> Iterator[str]:
    """Pools that size themselves: their bounds, and whether their machines are replaced."""
    renewed = {s.name for s in steps if s.kind == TEMPLATE and s.change is Change.REPLACE}
    for step in steps:
        if step.kind != GROUP:
            continue
        before, after = _bounds(step.before), _bounds(step.after)
        match step.change:
            case Change.ADD:
                yield f"pool `{step.name}` is added: {after} workers join by themselves"
            case Change.REMOVE:
                yield f"pool `{step.name}` is removed: its {before} workers leave and end"
            case _ if step.name in renewed:
                yield f"pool `{step.name}` has its machines replaced by an instance refresh"
            case _ if before != after:
                yield f"pool `{step.name}` has {after} workers, where it had {before}"
            case change:
                yield f"pool `{step.name}` is {change}{_which(step)}"


def _bounds(group: State) -> str:
    least, most = group.get("minSize", 0), group.get("maxSize", 0)
    return f"{least:g} to {most:g}"


def _quorum(preview: Mapping[str, Any], steps: Sequence[Step]) -> Iterator[str]:
    """How many managers there are and must agree: before, at the worst moment, after."""
    nodes = all_inputs(preview, NODE)
    is_manager = [
        (
            b is not None and b.get("role") == Role.MANAGER,
            a is not None and a.get("role") == Role.MANAGER,
        )
        for b, a in nodes.values()
    ]
    before, after = sum(b for b, _ in is_manager), sum(a for _, a in is_manager)
    replaced = any(
        s.kind == NODE and s.change is Change.REPLACE and s.before.get("role") == Role.MANAGER
        for s in steps
    )
    if before == after and not replaced:
        return
    lowest = min(before, after) - (1 if replaced else 0)
    for when, managers in (("before", before), ("at the fewest", lowest), ("after", after)):
        if managers > 0:
            spare = managers - quorum(managers)
            yield (
                f"{when}: {counted(managers, 'manager')}, {quorum(managers)} must agree, "
                f"{counted(spare, 'loss', 'losses')} can be survived"
            )
        elif when == "at the fewest" and before > 0:
            yield "at the fewest: no manager, so the swarm and all it holds is lost"


def _swarm(step: Step) -> str:
    if step.change is not Change.CHANGE:
        return f"the swarm is {step.change}"
    said = [
        f"{name} {step.before.get(name)!r} → {step.after.get(name)!r}"
        for name in sorted({d.partition(".")[0].partition("[")[0] for d in step.differences})
        if name != "connection"
    ]
    return f"the swarm is changed in place: {', '.join(said) or 'the way to its managers'}"


def _rule(step: Step) -> str:
    way = RULES[step.kind]
    verb = {Change.ADD: "opened", Change.REMOVE: "closed"}.get(step.change, "changed")
    rule = step.after or step.before
    protocol = str(rule.get("ipProtocol", "?"))
    port = rule.get("fromPort")
    traffic = {"50": "ESP"}.get(protocol, protocol) if port is None else f"{port:g}/{protocol}"
    whom = rule.get("cidrIpv4") or "the swarm's own nodes"
    place = rule.get("description") or step.name
    side = "from" if way == "into" else "to"
    return f"{traffic} {way} the nodes is {verb} {side} {whom} ({place})"


def _is_about_traffic(step: Step) -> bool:
    """Whether a rule lets in or out what it did not before; tags may change alone."""
    said = {difference.partition(".")[0] for difference in step.differences}
    return step.change is not Change.CHANGE or not said or not said <= {"tags", "tagsAll"}


def _ranges(preview: Mapping[str, Any]) -> Iterator[str]:
    for before, after in all_inputs(preview, SETTINGS).values():
        yield from _moved("pool", _pool(before), _pool(after))
    for name, (before, after) in all_inputs(preview, NETWORK).items():
        yield from _moved(
            f"network {(after or before or {}).get('name', name)}", _ipam(before), _ipam(after)
        )


def _moved(what: str, before: str, after: str) -> Iterator[str]:
    if before != after:
        yield f"{what}: {before or 'none'} → {after or 'none'}"


def _pool(state: State | None) -> str:
    return ", ".join((state or {}).get("defaultAddrPool") or ())


def _ipam(state: State | None) -> str:
    if state is None:
        return ""
    subnets = [config.get("subnet", "") for config in state.get("ipamConfigs") or ()]
    return ", ".join(subnets) or "from the pool"


def _costs(steps: Sequence[Step]) -> Iterator[str]:
    for kind, name in COSTS.items():
        added = sum(s.kind == kind and s.change is Change.ADD for s in steps)
        removed = sum(s.kind == kind and s.change is Change.REMOVE for s in steps)
        if added or removed:
            yield f"{counted(added, name)} more, {removed} fewer"
    for step in steps:
        if step.kind == INSTANCE and step.change in (Change.CHANGE, Change.REPLACE):
            before, after = step.before.get("instanceType"), step.after.get("instanceType")
            if before != after:
                yield f"`{step.name}`: {before} → {after}"


def _which(step: Step) -> str:
    if step.change in (Change.ADD, Change.REMOVE) or not step.differences:
        return ""
    return f" ({', '.join(step.differences)})"


def _short(kind: str) -> str:
    return kind.rpartition(":")[2]


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 service, 2 services."""
    return f"{number} {one if number == 1 else many or one + 's'}"
