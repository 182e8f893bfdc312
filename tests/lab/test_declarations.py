"""Whatever declaration the plan accepts, a real manager accepts too, and keeps as declared."""

import json
import random
import string
from ipaddress import IPv4Network
from typing import Any

from pulumi_swarm.plan.overlay import MAX_MTU, MIN_MTU, read_overlay
from pulumi_swarm.plan.problems import Problems
from tests.lab.cloud import LocalCloud, Stack
from tests.lab.containers import MANAGER

COUNT = 200
SEED = 20261125  # another seed is another sample; a failure must come back
RANGE = IPv4Network("10.128.0.0/12")  # clear of the VPC, the pool and the stack's own network
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
    if source.random() < 0.6:
        subnet = next(iter(block.subnets(new_prefix=source.randint(20, 28))))
        found["subnet"] = str(subnet)
        if source.random() < 0.5:
            last = subnet.num_addresses - 2
            found["gateway"] = str(subnet.network_address + source.randint(1, last))
    if source.random() < 0.5:
        found["mtu"] = source.choice([MIN_MTU, 1400, 1500, 9001, MAX_MTU])
    if source.random() < 0.4:
        keys = [f"k{source.randint(0, 9)}.{i}" for i in range(source.randint(1, 3))]
        found["labels"] = {key: source.choice(["", "v", "a b", "ä=1"]) for key in keys}
    return found


def test_declarations_that_are_accepted_are_made_quiet_and_true(
    stack: Stack, swarm: LocalCloud
) -> None:
    base = stack.base("networks")
    declared = declarations()
    problems = Problems()
    plans = [read_overlay(values, problems) for values in declared]
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
        if plan.subnet is not None:
            expected = {"Subnet": str(plan.subnet), "Gateway": str(plan.gateway)}
            assert network["IPAM"]["Config"] == [expected]

    stack.configure()
    stack.up()
    assert stack.preview() == {}
