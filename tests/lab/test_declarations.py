"""Whatever declaration the plan accepts, a real manager accepts too, and keeps as declared."""

import json
import random
import string
from ipaddress import IPv4Network
from typing import Any

from pulumi_swarm.plan.mtu import JUMBO_MTU, MIN_MTU
from pulumi_swarm.plan.overlay import Surroundings, read_overlay
from pulumi_swarm.plan.problems import Problems
from pulumi_swarm.plan.subnets import Subnet
from tests.lab.cloud import LocalCloud, Stack
from tests.lab.containers import MANAGER

COUNT = 200
SEED = 20261125  # another seed is another sample; a failure must come back
RANGE = IPv4Network("10.128.0.0/12")  # clear of the VPC, the pool and the stack's own network
SWARM = Surroundings(nodes=5, underlay_mtu=JUMBO_MTU, subnet_size=24)
NAME_LETTERS = string.ascii_letters + string.digits
NAME_REST = NAME_LETTERS + "_-"


def declarations() -> list[dict[str, Any]]:
    """Accepted declarations over the whole width of what may be said."""
    source = random.Random(SEED)  # noqa: S311  # a sample, not a secret
    blocks = RANGE.subnets(new_prefix=20)
    return [declaration(source, i, next(blocks)) for i in range(COUNT)]


def declaration(source: random.Random, index: int, block: IPv4Network) -> dict[str, Any]:
    length = source.randint(0, 50)
    rest = "".join(source.choice(NAME_REST) for _ in range(length))
    found: dict[str, Any] = {"name": f"{source.choice(NAME_LETTERS)}{rest}{index}"}
    for flag in ("attachable", "internal", "encrypted"):
        if source.random() < 0.4:
            found[flag] = source.random() < 0.7
    kind = source.random()
    if kind < 0.5:
        found |= range_of(source, next(block.subnets(new_prefix=source.randint(20, 28))))
    elif kind < 0.7:
        several = list(block.subnets(new_prefix=24))[: source.randint(2, 4)]
        found["subnets"] = [range_of(source, subnet) for subnet in several]
    if source.random() < 0.5:
        found["mtu"] = source.choice([MIN_MTU, 1400, 1500, JUMBO_MTU])
    if source.random() < 0.4:
        keys = [f"k{source.randint(0, 9)}.{i}" for i in range(source.randint(1, 3))]
        found["labels"] = {key: source.choice(["", "v", "a b", "ä=1"]) for key in keys}
    return found


def ipam(subnet: Subnet) -> dict[str, str]:
    """A range as ``docker network inspect`` shows it."""
    found = {"Subnet": str(subnet.network), "Gateway": str(subnet.gateway)}
    if subnet.ip_range is not None:
        found["IPRange"] = str(subnet.ip_range)
    return found


def range_of(source: random.Random, subnet: IPv4Network) -> dict[str, str]:
    found = {"subnet": str(subnet)}
    if source.random() < 0.5:
        last = subnet.num_addresses - 2
        found["gateway"] = str(subnet.network_address + source.randint(1, last))
    if source.random() < 0.4 and subnet.prefixlen <= 26:
        halves = list(subnet.subnets(prefixlen_diff=source.randint(1, 27 - subnet.prefixlen)))
        found["ip_range"] = str(source.choice(halves))
    return found


def test_declarations_that_are_accepted_are_made_quiet_and_true(
    stack: Stack, swarm: LocalCloud
) -> None:
    base = stack.base("networks")
    declared = declarations()
    problems = Problems()
    plans = [read_overlay(values, problems, swarm=SWARM) for values in declared]
    assert problems.found == []

    stack.configure(networks=[*base, *declared])
    stack.up()
    assert stack.preview() == {}
    stack.refresh()
    assert stack.preview() == {}

    names = [plan.name for plan in plans]
    shown = json.loads(swarm.on(MANAGER, "docker", "network", "inspect", *names))
    found = {network["Name"]: network for network in shown}
    for plan in plans:
        network = found[plan.name]
        options = network["Options"] or {}
        assert (network["Driver"], network["Scope"]) == ("overlay", "swarm")
        assert network["Attachable"] is plan.attachable
        assert network["Internal"] is plan.internal
        assert {k: v for k, v in options.items() if not k.endswith("vxlanid_list")} == plan.options
        assert (network["Labels"] or {}) == dict(plan.labels)
        if plan.subnets:
            expected = [ipam(subnet) for subnet in plan.subnets]
            assert sorted(network["IPAM"]["Config"], key=str) == sorted(expected, key=str)

    stack.configure()
    stack.up()
    assert stack.preview() == {}
