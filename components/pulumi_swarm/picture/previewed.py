"""The picture of what a preview shows: what is there, and what will change; pure."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from pulumi_swarm.plan.nodes import parse_node_name
from pulumi_swarm.plan.overlay import ENCRYPTED_OPTION, MTU_OPTION
from pulumi_swarm.plan.ports import Role
from pulumi_swarm.review.pools import GROUP as POOL
from pulumi_swarm.review.pools import bounds, renewed
from pulumi_swarm.review.quorum import NODE, cluster_of
from pulumi_swarm.review.rules import FIREWALL, INGRESS_RULE, NODES, peer_of, traffic_of
from pulumi_swarm.review.sentences import INSTANCE, NETWORK, SETTINGS, SPEC, SUBNET, Attached, Live
from pulumi_swarm.review.steps import Change, State, all_inputs, outputs, read_steps, within
from pulumi_swarm.review.words import counted

from .model import (
    OVER_THE_ZONES,
    STAYS,
    Group,
    Machine,
    Net,
    Opening,
    Picture,
    group_title,
    network_details,
    own_networks,
    pool_role,
)

IsMine = Callable[[str], bool]
Changes = Mapping[tuple[str, str], str]

ELSEWHERE = "made elsewhere"  # the swarm of a stack that has networks alone
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"


def previewed(preview: Mapping[str, Any], attached: Attached | None) -> list[Picture]:
    """One picture for each swarm of the stack, from ``pulumi preview --json --show-sames``."""
    steps = read_steps(preview)
    changes = {(step.kind, step.name): str(step.change) for step in steps}
    # A pool stays when its machines do not.
    changes |= {(POOL, name): str(Change.REPLACE) for name in renewed(steps)}
    nodes = all_inputs(preview, NODE)
    clusters = tuple(dict.fromkeys(cluster_of(name) or name for name in sorted(nodes)))
    if not clusters and all_inputs(preview, NETWORK):
        clusters = (ELSEWHERE,)

    def is_of(cluster: str, name: str) -> bool:
        """Whether a resource is the cluster's, and not of one whose name begins with it too."""
        if len(clusters) == 1:
            return True  # also what is declared beside it, under whatever name
        owners = [c for c in clusters if name == c or name.startswith(f"{c}-")]
        return max(owners, key=len, default="") == cluster

    return [
        Picture(
            name=cluster,
            machines=(
                *_machines(preview, partial(is_of, cluster), changes),
                *_pools(preview, partial(is_of, cluster), changes),
            ),
            networks=(
                *own_networks(
                    _body(preview, SPEC, cluster, "ingress"),
                    _body(preview, SETTINGS, cluster, "dockerGwbridge"),
                ),
                *_networks(preview, partial(is_of, cluster), changes, attached),
            ),
            groups=tuple(_groups(preview, cluster, partial(is_of, cluster), changes)),
        )
        for cluster in clusters
    ]


def _machines(preview: Mapping[str, Any], is_mine: IsMine, changes: Changes) -> Iterator[Machine]:
    where = {name: _text(found, "availabilityZone") for name, found in outputs(preview, INSTANCE)}
    subnets = all_inputs(preview, SUBNET)
    mine = [_now(subnets[name]) for name in sorted(subnets) if is_mine(name)]
    given = dict.fromkeys(subnet.get("availabilityZone") for subnet in mine)
    zones = [str(zone) for zone in given if isinstance(zone, str)] or ["a zone that AWS knows"]
    for name, found in sorted(all_inputs(preview, NODE).items(), key=_by_role_and_number):
        if is_mine(name):
            yield Machine(
                name=name,
                role=str(_now(found).get("role", "node")),
                zone=where.get(name) or zones[_number(name) % len(zones)],
                change=changes.get((NODE, name), STAYS),
            )


def _text(state: State, name: str) -> str:
    value = state.get(name)
    return value if isinstance(value, str) else ""


def _pools(preview: Mapping[str, Any], is_mine: IsMine, changes: Changes) -> Iterator[Machine]:
    for name, found in all_inputs(preview, POOL).items():
        if is_mine(name):
            yield Machine(
                name=name,
                role=pool_role(bounds(_now(found))),
                zone=OVER_THE_ZONES,
                change=changes.get((POOL, name), STAYS),
            )


def _body(
    preview: Mapping[str, Any], kind: str, cluster: str, word: str
) -> tuple[State | None, State | None]:
    """What Docker is asked for of a cluster's own network, before and after."""
    before, after = all_inputs(preview, kind).get(cluster, (None, None))
    return (before or {}).get(word), (after or {}).get(word)


def _networks(
    preview: Mapping[str, Any],
    is_mine: IsMine,
    changes: Changes,
    attached: Attached | None,
) -> Iterator[Net]:
    for name, found in sorted(all_inputs(preview, NETWORK).items()):
        if not is_mine(name):
            continue
        network = _now(found)
        options = network.get("options") or {}
        called = str(network.get("name", name))
        live = (attached or {}).get(name)
        configs = network.get("ipamConfigs") or ()
        yield Net(
            name=called,
            details=network_details(
                subnets=[str(config.get("subnet", "")) for config in configs],
                mtu=options.get(MTU_OPTION, ""),
                encrypted=ENCRYPTED_OPTION in options,
                attachable=bool(network.get("attachable")),
                internal=bool(network.get("internal")),
                vnis=live.vnis if live else (),
            ),
            users=_users(live),
            change=changes.get((NETWORK, name), STAYS),
        )


def _users(live: Live | None) -> str:
    if live is None:
        return ""
    services = counted(live.services, "service")
    return f"{services}, {counted(live.containers, 'container')} attached"


def _groups(
    preview: Mapping[str, Any], cluster: str, is_mine: IsMine, changes: Changes
) -> Iterator[Group]:
    """The groups of the two roles, and those that only rules beside the swarm's are about."""
    own = within(preview, INGRESS_RULE, FIREWALL)
    rules = {
        name: _now(found)
        for name, found in sorted(all_inputs(preview, INGRESS_RULE).items())
        if is_mine(name)
    }
    for role in Role:
        into = [name for name in rules if name in own and name.startswith(f"{cluster}-{role}-")]
        yield Group(
            name=group_title(role),
            role=role,
            openings=tuple(_openings({name: rules[name] for name in into}, changes, own=True)),
            change=changes.get((SECURITY_GROUP, f"{cluster}-{role}s"), STAYS),
        )
    # Into the swarm's groups, made or given: what else the stack lets in is not about it.
    ids = {rule.get("securityGroupId") for name, rule in rules.items() if name in own}
    beside = {
        name: rule
        for name, rule in rules.items()
        if name not in own and rule.get("securityGroupId") in ids
    }
    if beside:
        openings = tuple(_openings(beside, changes, own=False))
        yield Group(name="rules beside the swarm's", role=None, openings=openings)


def _openings(rules: Mapping[str, State], changes: Changes, *, own: bool) -> Iterator[Opening]:
    """Each kind of traffic once; there is a rule of its own for each group that it comes from."""
    seen: dict[str, str] = {}
    for name, rule in rules.items():
        text = _traffic(rule, own=own)
        seen[text] = seen.get(text) or changes.get((INGRESS_RULE, name), STAYS)
    yield from (Opening(text=text, change=change) for text, change in seen.items())


def _traffic(rule: State, *, own: bool) -> str:
    peer, what = peer_of(rule, own=own), traffic_of(rule)
    what = "IP protocol 50" if what == "ESP" else what  # as the picture of what is declared has it
    return f"{what} from {'nodes' if peer == NODES else peer}"


def _now(found: tuple[State | None, State | None]) -> State:
    before, after = found
    return after or before or {}


def _number(node: str) -> int:
    found = parse_node_name(node)
    return 0 if found is None else found.index


def _by_role_and_number(item: tuple[str, Any]) -> tuple[str, int]:
    name, _ = item
    return name.rpartition("-")[0], _number(name)
