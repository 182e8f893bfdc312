"""Decisions: ports, addresses, MTU, quorum, images."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_swarm.managers import ManagerSetArgs
from pulumi_swarm.plan import addresses
from pulumi_swarm.plan.groups import read_group
from pulumi_swarm.plan.images import (
    Architecture,
    OperatingSystem,
    architecture,
    image_parameter,
)
from pulumi_swarm.plan.nodes import quorum, survives_loss_of_one
from pulumi_swarm.plan.overlay import (
    NAME_PATTERN,
    NAMES_IN_STORE,
    RESERVED_NAMES,
    Overlay,
    read_overlay,
)
from pulumi_swarm.plan.ports import Role, pairs, swarm_ports
from pulumi_swarm.plan.problems import Problems
from pulumi_swarm.plan.vpc import first_zones
from tests.unit.inputs import GOOD, read


def overlay(**values: object) -> Overlay:
    problems = Problems()
    read_back = read_overlay({"name": "a", **values}, problems)
    assert problems.found == []
    return read_back


def test_ports_are_those_that_docker_names() -> None:
    ports = {(p.protocol, p.port) for p in swarm_ports(data_path_port=4789, encrypted=False)}
    assert ports == {("tcp", 2377), ("tcp", 7946), ("udp", 7946), ("udp", 4789)}


def test_management_port_leads_to_managers_alone() -> None:
    ports = swarm_ports(data_path_port=4789, encrypted=True)
    targets = {pair.target for pair in pairs(ports) if pair.port.name == "management"}
    assert targets == {Role.MANAGER}


@pytest.mark.parametrize(("networks", "esp"), [([], False), ([{"name": "a"}], False)])
def test_esp_is_left_out_when_nothing_is_encrypted_es_6(
    networks: list[dict[str, object]], esp: bool
) -> None:
    plan, _ = read(networks=networks)
    assert plan.encrypted is esp


def test_esp_is_there_when_a_network_is_encrypted_es_1() -> None:
    plan, _ = read(networks=[{"name": "a"}, {"name": "b", "encrypted": True}])
    assert plan.encrypted
    esp = [p for p in swarm_ports(data_path_port=4789, encrypted=True) if p.protocol == "50"]
    assert [p.port for p in esp] == [None]


def test_esp_is_there_when_ingress_is_encrypted_es_8() -> None:
    plan, problems = read(networks=[{"name": "a"}], ingress={"encrypted": True})
    assert problems == []
    assert plan.encrypted
    assert plan.swarm.ingress.options["encrypted"] == ""
    assert not read(networks=[{"name": "a"}], ingress={"encrypted": False})[0].encrypted


def test_other_data_path_port_is_accepted_with_an_engine_that_encrypts_it_of_1_es_4() -> None:
    plan, problems = read(data_path_port=7789, engine_version="29.1")
    assert problems == []
    assert plan.swarm.data_path_port == 7789


@given(st.from_regex(NAME_PATTERN, fullmatch=True))
def test_accepted_name_is_one_that_swarm_takes_vi_7(name: str) -> None:
    problems = Problems()
    read_overlay({"name": name}, problems)
    assert (problems.found == []) is not (name in RESERVED_NAMES or name.lower() in NAMES_IN_STORE)
    assert len(name) <= 63
    assert name[0].isalnum()
    assert name[-1].isalnum()


@given(st.text(max_size=70))
def test_name_that_is_accepted_is_ascii_and_neither_empty_nor_long_vi_7(name: str) -> None:
    problems = Problems()
    read_overlay({"name": name}, problems)
    if problems.found == []:
        assert name.isascii()
        assert 1 <= len(name) <= 63


def test_managers_take_tasks_unless_asked_qr_5() -> None:
    def of_managers(**changes: str) -> set[str]:
        return {n.availability for n in read(**changes)[0].nodes if n.role is Role.MANAGER}

    assert of_managers() == {"active"}
    assert of_managers(manager_availability="drain") == {"drain"}


def test_network_is_for_services_alone_unless_asked_vi_5() -> None:
    assert overlay().attachable is False


def test_several_subnets_keep_their_order_and_each_its_gateway() -> None:
    one, two = overlay(
        subnets=[
            {"subnet": "10.210.0.0/24", "ip_range": "10.210.0.128/25"},
            {"subnet": "10.211.0.0/24", "gateway": "10.211.0.9"},
        ]
    ).subnets
    assert (str(one.gateway), str(one.ip_range)) == ("10.210.0.1", "10.210.0.128/25")
    assert (str(two.gateway), two.ip_range) == ("10.211.0.9", None)


def test_data_path_port_moves_its_rule_of_2() -> None:
    ports = {p.name: p.port for p in swarm_ports(data_path_port=7789, encrypted=False)}
    assert ports["data"] == 7789


def test_encrypted_false_emits_no_option_es_6() -> None:
    assert "encrypted" not in overlay(encrypted=False).options
    assert overlay(encrypted=True).options == {"encrypted": ""}


@pytest.mark.parametrize(
    ("mtu", "encrypted", "inside"),
    [
        (1500, False, 1450),
        (1500, True, 1424),
        (9001, False, 8951),
        (9001, True, 8924),
        (1350, False, 1300),
        (1350, True, 1272),
    ],
)
def test_container_mtu_is_what_docker_makes_of_it_mt_1(
    mtu: int, encrypted: bool, inside: int
) -> None:
    assert overlay(mtu=mtu, encrypted=encrypted).container_mtu == inside


def test_gateway_is_always_sent_with_a_subnet_kd_3() -> None:
    (subnet,) = overlay(subnet="10.210.0.0/24").subnets
    assert str(subnet.gateway) == "10.210.0.1"
    assert overlay().subnets == ()


def test_same_options_in_another_order_are_no_change() -> None:
    one, two = overlay(mtu=1400, encrypted=True), overlay(encrypted=True, mtu=1400)
    assert one.options_fingerprint == two.options_fingerprint
    assert one.options_fingerprint != overlay(mtu=1404, encrypted=True).options_fingerprint


def test_pool_that_is_chosen_is_clear_of_the_vpc_ap_1() -> None:
    plan, _ = read(vpc_cidr="10.200.0.0/16", networks=[])
    (pool,) = plan.swarm.default_addr_pool
    assert not pool.overlaps(IPv4Network("10.200.0.0/16"))


@given(st.integers(min_value=16, max_value=25), st.integers(min_value=1, max_value=3), st.data())
def test_subnets_of_a_vpc_are_disjoint_and_inside_it(
    prefix: int, zones: int, data: st.DataObject
) -> None:
    number = data.draw(st.integers(min_value=0, max_value=2 ** (prefix - 8) - 1))
    vpc = IPv4Network((10 * 2**24 + number * 2 ** (32 - prefix), prefix))
    cut = addresses.cut_vpc(vpc, zones)
    every = [network for s in cut for network in (s.public, s.private)]
    assert len(every) == 2 * zones
    assert all(network.subnet_of(vpc) for network in every)
    assert not any(a.overlaps(b) for a, b in combinations(every, 2))
    assert addresses.cut_vpc(vpc, 3)[:zones] == cut  # a further zone moves none


@given(st.integers(min_value=1, max_value=7))
def test_quorum_is_more_than_half_and_never_two_groups(managers: int) -> None:
    assert 2 * quorum(managers) > managers
    assert 2 * (managers - quorum(managers)) < managers


@pytest.mark.parametrize(
    ("managers", "reachable", "survives"),
    [(1, 1, False), (3, 3, True), (3, 2, False), (5, 4, True), (5, 3, False), (2, 2, True)],
)
def test_removal_that_would_break_the_quorum_is_known_qr_2(
    managers: int, reachable: int, survives: bool
) -> None:
    assert survives_loss_of_one(managers, reachable) is survives


@pytest.mark.parametrize(
    ("instance_type", "expected"),
    [
        ("t3.small", Architecture.AMD64),
        ("t4g.small", Architecture.ARM64),
        ("c7gn.large", Architecture.ARM64),
        ("a1.large", Architecture.ARM64),
        ("g5.xlarge", Architecture.AMD64),
        ("g5g.xlarge", Architecture.ARM64),
        ("m7i-flex.large", Architecture.AMD64),
        ("u7i-12tb.224xlarge", Architecture.AMD64),
        ("mac2-m2.metal", Architecture.AMD64),
    ],
)
def test_processor_of_an_instance_type(instance_type: str, expected: Architecture) -> None:
    assert architecture(instance_type) is expected


@pytest.mark.parametrize("system", list(OperatingSystem))
def test_every_system_has_an_image_for_both_processors(system: OperatingSystem) -> None:
    found = {image_parameter(system, arch) for arch in Architecture}
    assert len(found) == len(Architecture)
    assert not any("{" in name for name in found)


def test_region_with_fewer_zones_than_subnets_is_told_of() -> None:
    problems = Problems()
    assert first_zones(["a", "b", "c", "d"], 3, problems) == ["a", "b", "c"]
    assert problems.found == []
    first_zones(["us-west-1a", "us-west-1c"], 3, problems)
    (told,) = problems.found
    assert (told.path, told.value) == ("availabilityZones", "us-west-1a, us-west-1c")
    assert "fewer than 3 zones" in told.allowed


def test_managers_alone_are_held_to_the_same_when_they_encrypt_the_ingress_es_12() -> None:
    given = {
        "manager_count": 3,
        "ssh_authorized_keys": GOOD["ssh_authorized_keys"],
        "data_path_addr": "eth1",
    }
    known = tuple(ManagerSetArgs.__annotations__)
    for encrypted, found in ((False, []), (True, ["dataPathAddr"])):
        problems = Problems()
        ingress = {"ingress": {"encrypted": encrypted}}
        read_group({**given, **ingress}, known, Role.MANAGER, problems)
        assert [problem.path for problem in problems.found] == found
