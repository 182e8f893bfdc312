"""The address plan: whatever is not given is chosen clear of all else."""

from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pulumi_swarm.plan.cluster import ClusterPlan
from pulumi_swarm.plan.ranges import DOCKER_LOCAL_POOLS, LocalPool
from tests.unit.inputs import read

NOTHING_DECLARED: dict[str, Any] = {"networks": []}


def ranges_of(plan: ClusterPlan) -> list[IPv4Network]:
    return [
        plan.vpc.cidr,
        plan.ranges.bip.network,
        plan.ranges.gwbridge.network,
        *plan.ranges.default_addr_pool,
        plan.ranges.ingress.network,
        *(subnet.network for network in plan.networks for subnet in network.subnets),
    ]


def private(prefixes: st.SearchStrategy[int]) -> st.SearchStrategy[IPv4Network]:
    """Ranges inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10."""
    bases = [("10.0.0.0", 8), ("172.16.0.0", 12), ("192.168.0.0", 16), ("100.64.0.0", 10)]

    def inside(base: tuple[str, int], prefix: int, number: int) -> IPv4Network:
        prefix = max(prefix, base[1])
        start = int(IPv4Network(base).network_address)
        return IPv4Network(
            (start + number % (1 << (prefix - base[1])) * (1 << (32 - prefix)), prefix)
        )

    return st.builds(inside, st.sampled_from(bases), prefixes, st.integers(0, 1 << 20))


@given(private(st.integers(16, 25)), st.lists(private(st.integers(10, 24)), max_size=3))
def test_what_is_chosen_is_clear_of_vpc_peers_and_each_other_ap_1_ap_2(
    vpc: IPv4Network, peers: list[IPv4Network]
) -> None:
    plan, problems = read(
        vpc_cidr=str(vpc), avoid_cidrs=[str(peer) for peer in peers], **NOTHING_DECLARED
    )
    if any(vpc.overlaps(peer) for peer in peers):
        assert {p.path for p in problems} >= {"vpcCidr"}
        return
    if problems:  # with that much taken there may be nothing left: then it is said which is missing
        assert all(p.allowed.startswith("must be given: none of") for p in problems)
        return
    used = ranges_of(plan)
    assert not any(a.overlaps(b) for a, b in combinations(used, 2))
    assert not any(a.overlaps(b) for a in used for b in peers)
    for pool in plan.ranges.local_pools:
        assert not any(pool.base.overlaps(other) for other in [vpc, *peers])


def test_empty_list_is_nothing_given_ap_1() -> None:
    """Docker would take 10.0.0.0/8 for an empty one, over any VPC there."""
    assert read(default_addr_pool=[])[0].ranges == read()[0].ranges
    assert read(default_address_pools=[])[0].ranges == read()[0].ranges


@given(
    given_pools=st.lists(private(st.integers(10, 20)), max_size=2),
    local=st.lists(private(st.integers(10, 20)), max_size=2),
    bridge=st.none() | private(st.integers(12, 26)),
    gwbridge=st.none() | private(st.integers(12, 26)),
    size=st.integers(20, 27),
)
def test_whatever_is_given_what_is_chosen_is_clear_of_it_ap_1_ap_6(
    given_pools: list[IPv4Network],
    local: list[IPv4Network],
    bridge: IPv4Network | None,
    gwbridge: IPv4Network | None,
    size: int,
) -> None:
    changes: dict[str, Any] = {
        "default_addr_pool": [str(pool) for pool in given_pools],
        "default_address_pools": [{"base": str(pool), "size": 26} for pool in local],
        "subnet_size": size,
        "networks": [{"name": "a"}],
    }
    if bridge is not None:
        changes["bip"] = f"{bridge.network_address + 1}/{bridge.prefixlen}"
    if gwbridge is not None:
        changes["docker_gwbridge"] = {"subnet": str(gwbridge)}
    plan, problems = read(**changes)
    assume(not problems)
    used = ranges_of(plan)
    assert not any(a.overlaps(b) for a, b in combinations(used, 2))
    bridges = (plan.ranges.bip.network, plan.ranges.gwbridge.network)
    others = [network for network in used if network not in bridges]
    assert not any(pool.base.overlaps(b) for pool in plan.ranges.local_pools for b in others)
    assert plan.ranges.default_addr_pool
    assert all(pool.prefixlen <= size for pool in plan.ranges.default_addr_pool)


@pytest.mark.parametrize("vpc", ["172.17.0.0/16", "172.18.0.0/16", "172.31.0.0/16"])
def test_vpc_over_dockers_own_ranges_moves_those_not_the_vpc(vpc: str) -> None:
    plan, problems = read(vpc_cidr=vpc)
    assert problems == []
    assert {pool.base for pool in plan.ranges.local_pools} == {
        pool.base for pool in DOCKER_LOCAL_POOLS
    } - {IPv4Network(vpc)}
    config = plan.daemon.config
    assert {"base": vpc, "size": 16} not in config["default-address-pools"]  # type: ignore[operator]
    assert ("bip" in config) is (vpc == "172.17.0.0/16")


def test_nothing_is_said_to_the_daemon_when_dockers_own_ranges_are_free() -> None:
    plan, _ = read()
    assert set(plan.daemon.config) == {"network-control-plane-mtu"}


def test_one_local_pool_is_named_when_all_of_dockers_own_are_taken() -> None:
    plan, problems = read(avoid_cidrs=["172.16.0.0/12", "192.168.0.0/16"])
    assert problems == []
    (pool,) = plan.ranges.local_pools
    assert pool == LocalPool(base=IPv4Network("100.120.0.0/14"), size=20)


def test_ingress_has_a_range_of_its_own_outside_the_pool_ap_5() -> None:
    plan, _ = read()
    assert not any(plan.ranges.ingress.network.overlaps(p) for p in plan.ranges.default_addr_pool)
    body = plan.specification["ingress"]
    assert body["IPAM"] == {"Config": [{"Subnet": "10.204.0.0/20", "Gateway": "10.204.0.1"}]}  # type: ignore[index]


def test_same_args_choose_the_same_ranges() -> None:
    one, two = read(manager_count=1, worker_count=0)[0], read(manager_count=7, worker_count=90)[0]
    assert one.ranges == two.ranges


@given(
    prefix=st.integers(20, 28),
    nodes=st.integers(1, 40),
    services=st.integers(0, 300),
    tasks=st.integers(1, 300),
)
def test_accepted_subnet_has_room_for_balancers_services_and_tasks_ap_9(
    prefix: int, nodes: int, services: int, tasks: int
) -> None:
    subnet = IPv4Network(("10.208.0.0", prefix))
    network = {
        "name": "a",
        "subnet": str(subnet),
        "planned_services": services,
        "planned_tasks": tasks,
    }
    _, problems = read(manager_count=1, worker_count=nodes - 1, networks=[network])
    needed = min(nodes, tasks) + services + tasks
    free = subnet.num_addresses - len(["network", "broadcast", "gateway"])
    assert (problems == []) is (needed <= free)
    if problems:
        assert f"= {needed} addresses" in problems[0].allowed
        assert f"has {free}" in problems[0].allowed
