"""What a preview means for a swarm, in sentences; pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_swarm.plan.bodies import subnets_of
from pulumi_swarm.plan.ports import Role

from .pools import GROUP, TEMPLATE, bounds
from .pools import sentences as pool_sentences
from .quorum import NODE
from .quorum import sentences as quorum_sentences
from .rules import OLD_RULE, is_about_traffic, read_rules
from .rules import sentence as rule_sentence
from .steps import Change, State, Step, all_inputs, read_failures, read_steps
from .words import counted, which

NETWORK = "docker:index/network:Network"
OVERLAY = "swarm:index:OverlayNetwork"  # has the same name as its network, and what was declared
SPEC = "swarm:index:SwarmSpec"
SETTINGS = "swarm:index:SwarmSettings"
ROLLOUT = "swarm:index:Rollout"  # the order of what the nodes' own sentences say
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
INSTANCE = "aws:ec2/instance:Instance"
# What AWS charges for by the hour or month as long as it is there.
COSTS = {
    INSTANCE: "instance",
    "aws:ec2/natGateway:NatGateway": "NAT gateway",
    "aws:ec2/eip:Eip": "Elastic IP",
    "aws:secretsmanager/secret:Secret": "secret",
}
DESTRUCTIVE = (Change.REPLACE, Change.REMOVE)
# What takes something away that is not made again as it was.
HOLDING = (
    NETWORK,
    NODE,
    GROUP,
    INSTANCE,
    VPC,
    SUBNET,
    "aws:ec2/networkInterface:NetworkInterface",
    "aws:secretsmanager/secret:Secret",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What a manager says of a network: who is attached, and its VXLAN ids."""

    services: int = 0
    containers: int = 0
    vnis: tuple[int, ...] = ()


# By the network's resource; None for those whose swarm could not be asked.
Attached = Mapping[str, Live | None]


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
    told = {NETWORK, NODE, SPEC, SETTINGS, ROLLOUT, GROUP, TEMPLATE, OLD_RULE}
    ports = [rule for rule in read_rules(steps) if is_about_traffic(rule)]
    networks = [s for s in steps if s.kind == NETWORK]
    not_compared = [s for s in networks if s.change is Change.CHANGE and not s.differences]
    unknown = [*read_failures(preview), *map(_not_compared, not_compared)]
    going = [s for s in networks if s.change in DESTRUCTIVE]
    if any(_live(s, attached) is None for s in going):
        unknown.append("What is attached to the networks: no manager was reachable.")
    overlays = all_inputs(preview, OVERLAY)
    pools = pool_sentences(steps)
    return Review(
        networks=tuple(_network(s, attached, overlays) for s in networks if s not in not_compared),
        nodes=(*(_node(s) for s in steps if s.kind == NODE), *(text for text, _ in pools)),
        quorum=tuple(quorum_sentences(preview, steps)),
        swarm=tuple(_swarm(s) for s in steps if s.kind == SPEC),
        ports=tuple(rule_sentence(s) for s in ports),
        ranges=tuple(_ranges(preview, {s.name for s in networks})),
        costs=tuple(_costs(steps)),
        others=tuple(
            f"{_short(s.kind)} `{s.name}` is {s.change}{which(s)}"
            for s in steps
            if s.kind not in told and s not in ports
        ),
        unknown=tuple(unknown),
        destructive=any(ends for _, ends in pools)
        or any(step.kind in HOLDING and step.change in DESTRUCTIVE for step in steps),
    )


def _not_compared(step: Step) -> str:
    """A change without a difference: the engine takes a provider for another that it will know."""
    return (
        f"Whether network `{step.after.get('name', step.name)}` stays as it is: the way to the "
        "managers is known after the update."
    )


def _live(step: Step, attached: Attached | None) -> Live | None:
    """Who is on a network that is there; None when nobody could be asked."""
    return None if attached is None else attached.get(step.name, Live())


def _network(
    step: Step,
    attached: Attached | None,
    overlays: Mapping[str, tuple[State | None, State | None]],
) -> str:
    name = (step.after or step.before).get("name", step.name)
    why = ", ".join([*step.differences, *_redeclared(*overlays.get(step.name, (None, None)))])
    said = f" ({why})" if why and step.change not in (Change.ADD, Change.REMOVE) else ""
    sentence = f"network `{name}` is {step.change}{said}"
    if step.change not in DESTRUCTIVE:
        return sentence
    live = _live(step, attached)
    if live is None:
        users = "whatever is attached is"
    elif not live.services and not live.containers:
        users = "nothing is"
    else:
        users = (
            f"{counted(live.services, 'service')} and {counted(live.containers, 'container')} are"
        )
    until = "cut off until re-attached" if step.change is Change.REPLACE else "cut off"
    return f"{sentence}: {users} {until}; Docker refuses it while a service uses it"


def _redeclared(before: State | None, after: State | None) -> Iterator[str]:
    """What was declared of the options, which the network's own inputs keep as they were."""
    for name, default in (("mtu", "Docker's"), ("encrypted", False)):
        was, now = (before or {}).get(name) or default, (after or {}).get(name) or default
        if before is not None and after is not None and was != now:
            yield f"{name} {_plain(was)} → {_plain(now)}"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


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
    if "nodeId" in step.differences:
        return f"{role} `{step.name}` is waited for, and let in again if somebody took it out"
    return f"{role} `{step.name}` is {step.change}{which(step)}"


def _swarm(step: Step) -> str:
    if step.change is not Change.CHANGE:
        return f"the swarm is {step.change}"
    said = [
        f"{name} {step.before.get(name)!r} → {step.after.get(name)!r}"
        for name in sorted({d.partition(".")[0].partition("[")[0] for d in step.differences})
        if name != "connection"
    ]
    return f"the swarm is changed in place: {', '.join(said) or 'the way to its managers'}"


def _ranges(preview: Mapping[str, Any], networks: Collection[str]) -> Iterator[str]:
    """``networks`` are those that change: one whose subnet is left out later keeps it."""
    for name, (before, after) in all_inputs(preview, VPC).items():
        yield from _moved(f"VPC `{name}`", _text(before, "cidrBlock"), _text(after, "cidrBlock"))
    swarms = all_inputs(preview, SETTINGS)
    for name, (before, after) in swarms.items():
        of = f" of `{name}`" if len(swarms) > 1 else ""
        yield from _moved(f"pool{of}", _pool(before), _pool(after))
        bridge = "dockerGwbridge"
        yield from _moved(f"docker_gwbridge{of}", _asked(before, bridge), _asked(after, bridge))
    for name, (before, after) in all_inputs(preview, SPEC).items():
        of = f" of `{name}`" if len(swarms) > 1 else ""
        yield from _moved(f"ingress{of}", _asked(before, "ingress"), _asked(after, "ingress"))
    for name, (before, after) in all_inputs(preview, SUBNET).items():
        yield from _moved(f"subnet `{name}`", _text(before, "cidrBlock"), _text(after, "cidrBlock"))
    for name, (before, after) in all_inputs(preview, NETWORK).items():
        if name in networks:
            called = (after or before or {}).get("name", name)
            yield from _moved(f"network {called}", _ipam(before), _ipam(after))


def _moved(what: str, before: str, after: str) -> Iterator[str]:
    if before != after:
        yield f"{what}: {before or 'none'} → {after or 'none'}"


def _pool(state: State | None) -> str:
    return ", ".join((state or {}).get("defaultAddrPool") or ())


def _text(state: State | None, name: str) -> str:
    return str((state or {}).get(name, ""))


def _asked(state: State | None, network: str) -> str:
    """The range of a network that every node has, from what Docker is asked for."""
    return ", ".join(subnets_of((state or {}).get(network) or {}))


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
        if step.kind == GROUP:
            before, after = bounds(step.before), bounds(step.after)
            if before != after:
                yield f"pool `{step.name}`: {after} machines, where it had {before}"
        elif step.kind == INSTANCE and step.change in (Change.CHANGE, Change.REPLACE):
            sides = zip(_priced(step.before), _priced(step.after), strict=True)
            said = [f"{was} → {now}" for was, now in sides if was != now]
            if said:
                yield f"`{step.name}`: {', '.join(said)}"


def _priced(instance: State) -> tuple[str, str, str]:
    """What an instance costs by: its type, how it is bought, and its disk."""
    market = (instance.get("instanceMarketOptions") or {}).get("marketType") or "on demand"
    size = (instance.get("rootBlockDevice") or {}).get("volumeSize")
    disk = f"{size:g} GiB" if isinstance(size, int | float) else "the image's disk"
    return str(instance.get("instanceType")), str(market), disk


def _short(kind: str) -> str:
    return kind.rpartition(":")[2]
