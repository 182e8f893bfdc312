"""One MTU for all that goes between nodes, from the path below."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_swarm.plan.mtu import (
    ESP_OVERHEAD,
    MAX_MTU,
    MIN_MTU,
    VXLAN_OVERHEAD,
    inside_overlay,
    underlay_mtu,
)
from tests.unit.inputs import read


@given(st.integers(MIN_MTU, MAX_MTU), st.booleans())
def test_a_full_packet_of_a_container_fits_the_path_mt_1(underlay: int, encrypted: bool) -> None:
    inside = inside_overlay(underlay, encrypted=encrypted)
    assert inside + VXLAN_OVERHEAD + ESP_OVERHEAD * encrypted <= underlay
    assert inside >= 68  # RFC 791
    assert not encrypted or inside % 4 == 0
    assert inside_overlay(underlay, encrypted=True) < inside_overlay(underlay, encrypted=False)


@pytest.mark.parametrize(
    ("types", "mtu"),
    [
        (["t3.small"], 9001),
        (["t2.micro", "m7g.large"], 9001),
        (["m3.large", "c3.large"], 9001),
        (["m1.small", "m7i.large"], 1500),
        (["t1.micro"], 1500),
    ],
)
def test_path_carries_what_the_smallest_instance_type_does(types: list[str], mtu: int) -> None:
    assert underlay_mtu(types) == mtu


@pytest.mark.parametrize("given_mtu", [None, 1500, 1350])
def test_networks_ingress_bridge_and_control_plane_agree_mt_2_mt_4(given_mtu: int | None) -> None:
    plan, problems = read(underlay_mtu=given_mtu, networks=[{"name": "a"}])
    assert problems == []
    expected = given_mtu or 9001
    assert plan.networks[0].mtu == expected
    assert plan.swarm.ingress.mtu == expected
    assert plan.daemon.gwbridge.mtu == expected
    assert plan.daemon.config["network-control-plane-mtu"] == expected
