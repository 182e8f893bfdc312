"""What is said once cannot change while the swarm lives (AP-4, OF-2)."""

import asyncio
from typing import Any

import pytest
from pulumi.provider.experimental.provider import CheckRequest

from pulumi_swarm.provider.resources import SwarmResources
from pulumi_swarm.provider.values import property_map
from tests.unit.inputs import read

SAID = dict(read()[0].settings)
URN = "urn:pulumi:s::p::swarm:index:SwarmCluster$swarm:index:SwarmSettings::swarm"


def refused(old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    request = CheckRequest(URN, property_map(old), property_map(new), b"")
    response = asyncio.run(SwarmResources().check(request))
    return {failure.property: failure.reason for failure in response.failures or []}


def test_new_swarm_may_be_anything() -> None:
    assert refused({}, SAID) == {}


def test_same_settings_are_no_change() -> None:
    assert refused(SAID, SAID) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [("defaultAddrPool", ["10.96.0.0/14"]), ("subnetSize", 25), ("dataPathPort", 7789)],
)
def test_change_is_refused_with_the_way_to_do_it_ap_4_of_2(name: str, value: Any) -> None:
    said = refused(SAID, {**SAID, name: value})
    assert set(said) == {name}
    assert "cannot change while the swarm lives" in said[name]
    assert repr(SAID[name]) in said[name]


def said(**changes: Any) -> dict[str, Any]:
    plan, problems = read(**changes)
    assert problems == []
    return dict(plan.settings)


BRIDGE = {"docker_gwbridge": {"subnet": "192.168.8.0/22"}}
BIP = {"bip": "172.17.0.9/16"}
KEYS = ("manager-0", "manager-1", "manager-2", "worker-0", "worker-1")


@pytest.mark.parametrize(("name", "change"), [("dockerGwbridge", BRIDGE), ("bip", BIP)])
def test_bridges_of_the_nodes_change_only_when_all_of_them_are_replaced_gw_6(
    name: str, change: dict[str, Any]
) -> None:
    found = refused(SAID, said(**change))
    assert set(found) == {name}
    assert "raise managerGeneration, workerGeneration" in found[name]
    some = {key: 2 for key in KEYS if key != "worker-1"}
    left = refused(SAID, said(**change, node_generations=some))[name]
    assert "(not raised: worker-1)" in left
    assert refused(SAID, said(**change, node_generations=dict.fromkeys(KEYS, 2))) == {}


def test_pool_keeps_its_bridge_until_its_generation_is_raised_gw_6() -> None:
    def web(generation: int) -> dict[str, Any]:
        return {"worker_pools": [{"name": "web", "max_size": 3, "generation": generation}]}

    raised = {"manager_generation": 2, "worker_generation": 2}
    before = said(**web(1))
    left = refused(before, said(**BRIDGE, **raised, **web(1)))["dockerGwbridge"]
    assert "(not raised: the pool web)" in left
    assert refused(before, said(**BRIDGE, **raised, **web(2))) == {}


def test_network_over_a_bridge_that_was_chosen_does_not_move_it_quietly_ap_1() -> None:
    """The bridge of living nodes would stay where the new network is."""
    given = {"docker_gwbridge": {"subnet": "172.18.0.0/16"}}
    before = said(**given)
    assert before["bip"] == "172.17.0.1/16"
    after = said(**given, networks=[{"name": "app", "subnet": "172.17.5.0/24"}])
    assert set(refused(before, after)) == {"bip"}


def test_advertised_address_changes_only_with_the_node_nw_3() -> None:
    plain = {"networks": [{"name": "app"}]}  # a second address is refused beside encryption
    moved = {**plain, "node_advertise_addrs": {"worker-1": "10.20.9.9"}}
    before = said(**plain)
    found = refused(before, said(**moved))["nodeAdvertiseAddrs"]
    assert "raise nodeGenerations of worker-1" in found
    assert refused(before, said(**moved, node_generations={"worker-1": 2})) == {}


def test_node_that_comes_or_goes_is_no_change_of_the_others() -> None:
    assert refused(SAID, said(worker_count=5)) == {}
    assert refused(SAID, said(worker_count=0)) == {}


def test_state_of_the_release_before_is_taken_as_it_is() -> None:
    old = {name: SAID[name] for name in ("defaultAddrPool", "subnetSize", "dataPathPort")}
    assert refused(old, SAID) == {}
