"""The picture of what a preview shows: what is there, and what will change; pure."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from pulumi_swarm.plan.nodes import parse_node_name
from pulumi_swarm.plan.overlay import ENCRYPTED_OPTION, MTU_OPTION
from pulumi_swarm.review.quorum import NODE, cluster_of
from pulumi_swarm.review.rules import FIREWALL, INGRESS_RULE, NODES, peer_of, traffic_of
from pulumi_swarm.review.sentences import NETWORK, Attached, Live
from pulumi_swarm.review.steps import State, all_inputs, read_steps, within
from pulumi_swarm.review.words import counted

from .model import STAYS, Machine, Net, Opening, Picture, network_details

IsMine = Callable[[str], bool]

SUBNET = "aws:ec2/subnet:Subnet"


def previewed(preview: Mapping[str, Any], attached: Attached | None) -> list[Picture]:
    """One picture for each swarm of the stack, from ``pulumi preview --json --show-sames``."""
    changes = {(step.kind, step.name): str(step.change) for step in read_steps(preview)}
    nodes = all_inputs(preview, NODE)
    clusters = tuple(dict.fromkeys(cluster_of(name) or name for name in sorted(nodes)))

    def is_of(cluster: str, name: str) -> bool:
        """Whether a resource is the cluster's, and not of one whose name begins with it too."""
        owners = [c for c in clusters if name == c or name.startswith(f"{c}-")]
        return max(owners, key=len, default="") == cluster

    return [
        Picture(
            name=cluster,
            machines=tuple(_machines(preview, partial(is_of, cluster), changes)),
            networks=tuple(_networks(preview, partial(is_of, cluster), changes, attached)),
            openings=tuple(_openings(preview, partial(is_of, cluster), changes)),
        )
        for cluster in clusters
    ]


def _machines(
    preview: Mapping[str, Any], is_mine: IsMine, changes: Mapping[tuple[str, str], str]
) -> Iterator[Machine]:
    subnets = all_inputs(preview, SUBNET)
    mine = [_now(subnets[name]) for name in sorted(subnets) if is_mine(name)]
    given = dict.fromkeys(subnet.get("availabilityZone") for subnet in mine)
    zones = [str(zone) for zone in given if isinstance(zone, str)] or ["zone 1"]
    for name, found in sorted(all_inputs(preview, NODE).items(), key=_by_role_and_number):
        if is_mine(name):
            yield Machine(
                name=name,
                role=str(_now(found).get("role", "node")),
                zone=zones[_number(name) % len(zones)],
                change=changes.get((NODE, name), STAYS),
            )


def _networks(
    preview: Mapping[str, Any],
    is_mine: IsMine,
    changes: Mapping[tuple[str, str], str],
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


def _openings(
    preview: Mapping[str, Any], is_mine: IsMine, changes: Mapping[tuple[str, str], str]
) -> Iterator[Opening]:
    """What is let in, each kind of traffic once; a rule of its own for each pair of groups."""
    seen: dict[str, str] = {}
    own = within(preview, INGRESS_RULE, FIREWALL)
    for name, found in sorted(all_inputs(preview, INGRESS_RULE).items()):
        if is_mine(name):
            text = _traffic(_now(found), own=name in own)
            seen[text] = seen.get(text) or changes.get((INGRESS_RULE, name), STAYS)
    yield from (Opening(text=text, change=change) for text, change in seen.items())


def _traffic(rule: State, *, own: bool) -> str:
    peer, what = peer_of(rule, own=own), traffic_of(rule)
    what = "IP protocol 50" if what == "ESP" else what  # as the picture of what is declared has it
    return f"between nodes: {what}" if peer == NODES else f"from {peer}: {what}"


def _now(found: tuple[State | None, State | None]) -> State:
    before, after = found
    return after or before or {}


def _number(node: str) -> int:
    found = parse_node_name(node)
    return 0 if found is None else found.index


def _by_role_and_number(item: tuple[str, Any]) -> tuple[str, int]:
    name, _ = item
    return name.rpartition("-")[0], _number(name)
