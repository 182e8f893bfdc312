"""Whatever declaration the plan accepts, a real manager accepts too, and keeps as declared."""

import json
import random
import string
from ipaddress import IPv4Network
from itertools import chain
from typing import Any

from pulumi_swarm.plan.mtu import JUMBO_MTU, MIN_MTU
from pulumi_swarm.plan.overlay import VNI_OPTION, Surroundings, read_overlay
from pulumi_swarm.plan.problems import Problems
from pulumi_swarm.plan.subnets import Subnet
from tests.lab.cloud import LocalCloud, Stack
from tests.lab.containers import MANAGER
from tests.lab.seen import logins

COUNT = 200
SEED = 20261125  # another seed is another sample; a failure must come back
# Of every private range a part that is clear of the VPC, the pool, the bridges and the stack's own
# network; each declaration gets a /20, and some a /16.
RANGES = [IPv4Network(n) for n in ("10.128.0.0/12", "100.64.0.0/13", "172.24.0.0/14")]
LARGE = IPv4Network("10.144.0.0/12")
OPTIONS = {
    "dsr": ("", "true"),
    "com.docker.network.advertise_addr_nmsgs": ("0", "3"),
    "com.docker.network.advertise_addr_ms": ("100", "2000"),
}
SWARM = Surroundings(nodes=5, underlay_mtu=JUMBO_MTU, subnet_size=24)
NAME_LETTERS = string.ascii_letters + string.digits
NAME_REST = NAME_LETTERS + "_-"


def declarations() -> list[dict[str, Any]]:
    """Accepted declarations over the whole width of what may be said."""
    source = random.Random(SEED)  # noqa: S311  # a sample, not a secret
    small = chain.from_iterable(zip(*(r.subnets(new_prefix=20) for r in RANGES), strict=False))
    large = LARGE.subnets(new_prefix=16)
    blocks = [next(large if i % 16 == 0 else small) for i in range(COUNT)]
    return [declaration(source, i, block) for i, block in enumerate(blocks)]


def declaration(source: random.Random, index: int, block: IPv4Network) -> dict[str, Any]:
    length = source.randint(0, 62 - len(str(index)))
    rest = "".join(source.choice(NAME_REST) for _ in range(length))
    found: dict[str, Any] = {"name": f"{source.choice(NAME_LETTERS)}{rest}{index}"}
    for flag in ("attachable", "internal", "encrypted"):
        if source.random() < 0.4:
            found[flag] = source.random() < 0.7
    kind = source.random()
    if kind < 0.5:
        length = source.randint(block.prefixlen, 28)
        found |= range_of(source, next(block.subnets(new_prefix=length)))
    elif kind < 0.7:
        several = list(block.subnets(new_prefix=24))[: source.randint(2, 4)]
        found["subnets"] = [range_of(source, subnet) for subnet in several]
    if source.random() < 0.5:
        found["mtu"] = source.choice([MIN_MTU, 1400, 1500, JUMBO_MTU])
    if source.random() < 0.4:
        keys = [f"k{source.randint(0, 9)}.{i}" for i in range(source.randint(1, 3))]
        found["labels"] = {key: source.choice(["", "v", "a b", "ä=1"]) for key in keys}
    if source.random() < 0.3:
        options = source.sample(sorted(OPTIONS), source.randint(1, len(OPTIONS)))
        found["driver_options"] = {key: source.choice(OPTIONS[key]) for key in options}
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

    before = logins(swarm)
    stack.configure(networks=[*base, *declared])
    stack.up()
    assert stack.preview() == {}
    stack.refresh()
    assert stack.preview() == {}
    # The Docker provider asks at least twice for each, and all of that goes by one connection.
    assert logins(swarm) - before < COUNT / 4

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
        # One that could not be allocated is listed too, without these.
        assert options[VNI_OPTION]
        assert network["IPAM"]["Config"]
        if plan.subnets:
            expected = [ipam(subnet) for subnet in plan.subnets]
            assert sorted(network["IPAM"]["Config"], key=str) == sorted(expected, key=str)

    stack.configure()
    stack.up()
    assert stack.preview() == {}
