"""What is said once cannot change while the swarm lives (AP-4, OF-2)."""

import asyncio
from typing import Any

import pytest
from pulumi.provider.experimental.provider import CheckRequest

from pulumi_swarm.provider.resources import SwarmResources
from pulumi_swarm.provider.values import property_map

SAID = {"defaultAddrPool": ["10.200.0.0/14"], "subnetSize": 24, "dataPathPort": 4789}
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
