"""The fabric's ruleset from security groups; pure, so each rule is checked as text."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from lab.firewall import render
from lab.model import Group, Instance, Rule, Snapshot


def instance(number: int, *groups: str, **changes: Any) -> Instance:
    values: dict[str, Any] = {
        "instance_id": f"i-{number:017x}",
        "name": f"host-{number}",
        "state": "running",
        "address": IPv4Address(f"10.0.0.{number}"),
        "mac": "02:00:00:00:00:01",
        "interface_id": "eni-1",
        "subnet": IPv4Network("10.0.0.0/24"),
        "vpc_id": "vpc-1",
        "zone": "us-east-1a",
        "image_id": "ami-1",
        "engine": "debian",
        "instance_type": "t3.small",
        "role": None,
        "metadata_hop_limit": 1,
        "metadata_tokens_required": True,
        "groups": groups,
        "user_data": b"",
    }
    return Instance(**{**values, **changes})


def ruleset(instances: list[Instance], *ingress: Rule) -> str:
    group = Group(group_id="sg-1", ingress=ingress, egress=())
    other = Group(group_id="sg-2", ingress=(), egress=())
    return render(Snapshot(instances=tuple(instances), groups=(group, other), subnets=()))


def rule(protocol: str, port: int | None, **peers: Any) -> Rule:
    return Rule(protocol=protocol, from_port=port, to_port=port, **peers)


def chain(text: str, name: str) -> list[str]:
    lines = text.splitlines()
    start = lines.index(f"  chain {name} {{")
    end = lines.index("  }", start)
    return [line.strip() for line in lines[start + 1 : end]]


def test_group_as_source_is_the_addresses_of_its_running_members() -> None:
    members = [instance(1, "sg-1"), instance(2, "sg-2"), instance(3, "sg-2", state="stopped")]
    text = ruleset(members, rule("tcp", 2377, groups=("sg-2",)))
    link = members[0].link
    assert chain(text, f"in_{link}") == [
        "ip saddr { 10.0.0.2 } tcp dport 2377-2377 return",
        "counter drop",
    ]


def test_group_without_members_lets_nobody_in() -> None:
    text = ruleset([instance(1, "sg-1")], rule("tcp", 2377, groups=("sg-2",)))
    assert chain(text, f"in_{instance(1).link}") == ["counter drop"]


def test_protocol_without_ports_is_matched_by_its_number() -> None:
    text = ruleset([instance(1, "sg-1")], rule("50", -1, networks=(IPv4Network("10.1.0.0/16"),)))
    assert "ip saddr { 10.1.0.0/16 } ip protocol 50 return" in text


def test_a_host_can_send_from_its_own_addresses_alone() -> None:
    text = ruleset([instance(1, "sg-1")])
    assert f"iifname {instance(1).link} ip saddr != {{ 10.0.0.1 }} drop" in text


def test_second_address_of_an_interface_is_held_to_the_same_groups() -> None:
    one = instance(1, "sg-1", second_addresses=(IPv4Address("10.0.0.9"),))
    text = ruleset([one], rule("tcp", 2377, groups=("sg-1",)))
    assert f"iifname {one.link} ip saddr != {{ 10.0.0.1, 10.0.0.9 }} drop" in text
    assert "ip saddr { 10.0.0.1, 10.0.0.9 } tcp dport 2377-2377 return" in text
    assert f"10.0.0.9 : jump in_{one.link}" in text
    assert f"10.0.0.9 : jump out_{one.link}" in text


def test_link_names_fit_the_kernel() -> None:
    assert len(instance(1).link) <= 15
