"""Pictures of a swarm: everything is in them, and names cannot break them."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pulumi_swarm.picture import mermaid, svg
from pulumi_swarm.picture.declared import declared
from pulumi_swarm.picture.model import (
    Body,
    Group,
    Machine,
    Net,
    Opening,
    Picture,
    own_networks,
)
from pulumi_swarm.picture.previewed import previewed
from pulumi_swarm.plan.ports import Role
from pulumi_swarm.review.pools import GROUP as POOL
from pulumi_swarm.review.pools import TEMPLATE
from pulumi_swarm.review.rules import INGRESS_RULE
from pulumi_swarm.review.sentences import INSTANCE, NETWORK, SUBNET
from tests.unit.inputs import read

PICTURE = Picture(
    name="swarm",
    machines=(
        Machine(name="swarm-manager-0", role="manager", zone="a"),
        Machine(name="swarm-worker-0", role="worker", zone="b", change="added"),
    ),
    networks=(
        Net(name="app", details=("for services", "10.0.0.0/24"), change="replaced"),
        Net(name="secure", details=("encrypted",), users="2 services, 0 containers attached"),
    ),
    groups=(
        Group(
            name="group of managers",
            role=Role.MANAGER,
            openings=(Opening(text="4789/udp from nodes"), Opening(text="x", change="removed")),
        ),
        Group(name="group of workers", role=Role.WORKER, openings=(), change="changed in place"),
    ),
)
RENDERERS = pytest.mark.parametrize("render", [mermaid.render, svg.render], ids=["mermaid", "svg"])


@RENDERERS
def test_everything_and_each_change_is_in_the_picture(render: Callable[[Picture], str]) -> None:
    text = render(PICTURE)
    for word in (
        *("swarm-manager-0", "swarm-worker-0", "app", "10.0.0.0/24", "secure", "2 services"),
        *("group of managers", "4789/udp from nodes", "group of workers"),
        *("added", "replaced", "removed", "changed in place"),
    ):
        assert word in text


@RENDERERS
def test_what_stays_has_no_mark_of_change(render: Callable[[Picture], str]) -> None:
    calm = replace(
        PICTURE,
        machines=tuple(replace(machine, change="") for machine in PICTURE.machines),
        networks=tuple(replace(network, change="") for network in PICTURE.networks),
        groups=tuple(replace(group, openings=(), change="") for group in PICTURE.groups),
    )
    changes = ("added", "replaced", "removed", "changed in place")
    assert not [word for word in changes if word in render(calm)]


def test_each_machine_hangs_on_the_group_of_its_role() -> None:
    lines = mermaid.render(PICTURE).splitlines()
    assert "  swarm_manager_0 --- group0" in lines
    assert "  swarm_worker_0 --- group1" in lines


def test_svg_shows_long_names_whole_and_nothing_beyond_its_edge() -> None:
    long = replace(
        PICTURE,
        machines=(Machine(name=f"{'m' * 49}-manager-0", role="manager", zone="a"),),
        networks=(Net(name="n" * 63, details=("one two three " * 40,)),),
    )
    root = ET.fromstring(svg.render(long))  # noqa: S314  # our own text
    texts = [e for e in root.iter() if e.text and e.tag.endswith("}text")]
    assert f"{'m' * 49}-manager-0" in [e.text for e in texts]
    assert "n" * 63 in [e.text for e in texts]
    width = int(root.attrib["width"])
    assert max(int(e.attrib["x"]) + svg.LETTER * len(e.text or "") for e in texts) < width
    height = int(root.attrib["viewBox"].split()[3])
    assert max(int(e.attrib["y"]) for e in texts) < height


def test_svg_is_well_formed_whatever_the_names_are() -> None:
    odd = replace(PICTURE, networks=(Net(name='<b>&"', details=("]]>",)),))
    root = ET.fromstring(svg.render(odd))  # noqa: S314  # our own text
    texts = [element.text for element in root.iter() if element.text]
    assert '<b>&"' in texts


def test_quote_in_a_name_ends_no_label_of_mermaid() -> None:
    odd = replace(PICTURE, networks=(Net(name='a"]', details=()),))
    (line,) = [line for line in mermaid.render(odd).splitlines() if "#quot;" in line]
    assert line.count('"') == 2


def test_declared_picture_names_nodes_networks_and_what_is_let_in() -> None:
    plan, problems = read(
        networks=[{"name": "secure", "encrypted": True, "subnet": "10.210.0.0/24"}], worker_count=2
    )
    assert problems == []
    found = declared("swarm", plan)
    assert [machine.name for machine in found.machines][-1] == "swarm-worker-1"
    names = [network.name for network in found.networks]
    assert names == ["ingress", "docker_gwbridge", "secure"]
    assert "10.210.0.0/24" in found.networks[2].details
    managers, workers = ([opening.text for opening in group.openings] for group in found.groups)
    assert any("IP protocol 50" in text for text in workers)
    assert {text.split()[0] for text in managers} - {text.split()[0] for text in workers} == {
        "2377/tcp",
        "22/tcp",
    }


def test_networks_that_every_node_has_say_when_they_are_others() -> None:
    body = {"Name": "ingress", "IPAM": {"Config": [{"Subnet": "10.99.0.0/24"}]}}
    other = {**body, "IPAM": {"Config": [{"Subnet": "10.98.0.0/24"}]}}

    def change(before: Body | None, after: Body | None) -> str:
        (found,) = own_networks((before, after), (None, None))
        return found.change

    assert change(body, body) == ""
    assert change(body, other) == "replaced"
    assert change(None, body) == "added"
    assert change(body, None) == "removed"


def resource(kind: str, name: str, /, **inputs: Any) -> dict[str, Any]:
    """A step of a preview in which nothing happens to a resource."""
    state = {"custom": True, "inputs": inputs}
    return {
        "op": "same",
        "urn": f"urn:pulumi:s::p::{kind}::{name}",
        "oldState": state,
        "newState": state,
    }


def test_swarm_whose_name_begins_another_s_has_its_own_things_alone() -> None:
    steps = []
    for cluster in ("web", "web-db"):
        steps += [
            resource("swarm:index:Node", f"{cluster}-manager-0", role="manager"),
            resource(NETWORK, f"{cluster}-app", name=f"of {cluster}"),
            resource(SUBNET, f"{cluster}-private-0", availabilityZone=f"zone of {cluster}"),
        ]
    found = {picture.name: picture for picture in previewed({"steps": steps}, None)}
    assert set(found) == {"web", "web-db"}
    for name, picture in found.items():
        assert [network.name for network in picture.networks] == [f"of {name}"]
        assert picture.zones == (f"zone of {name}",)


def test_pool_is_one_box_with_its_bounds() -> None:
    plan, problems = read(worker_pools=[{"name": "web", "min_size": 2, "max_size": 9}])
    assert problems == []
    text = mermaid.render(declared("swarm", plan))
    assert 'swarm_web["swarm-web<br>2 to 9 workers"]' in text


def test_pool_that_is_there_is_drawn_and_replaced_with_its_template() -> None:
    group = {**resource(POOL, "swarm-web", minSize=2, maxSize=4), "op": "update"}
    template = {**resource(TEMPLATE, "swarm-web"), "op": "replace"}
    nodes = [resource("swarm:index:Node", "swarm-manager-0", role="manager")]
    (found,) = previewed({"steps": [*nodes, group, template]}, None)
    pool = found.machines[-1]
    assert (pool.name, pool.role, pool.change) == ("swarm-web", "2 to 4 workers", "replaced")
    (calm,) = previewed({"steps": [*nodes, {**group, "op": "same"}]}, None)
    assert calm.machines[-1].change == ""


def test_machine_is_drawn_in_its_zone_also_in_given_subnets() -> None:
    node = resource("swarm:index:Node", "swarm-worker-0", role="worker")
    instance = resource(INSTANCE, "swarm-worker-0")
    instance["oldState"] = {**instance["oldState"], "outputs": {"availabilityZone": "eu-west-1b"}}
    (found,) = previewed({"steps": [node, instance]}, None)
    assert found.zones == ("eu-west-1b",)


def test_declared_picture_has_as_many_places_as_subnets_were_given() -> None:
    own = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b"]}
    plan, problems = read(**own)
    assert problems == []
    assert declared("swarm", plan).zones == ("subnet 1", "subnet 2")


def test_networks_on_a_swarm_made_elsewhere_are_drawn() -> None:
    (found,) = previewed({"steps": [resource(NETWORK, "app", name="app")]}, None)
    assert [network.name for network in found.networks] == ["app"]
    assert [line for line in mermaid.render(found).splitlines() if line.endswith(" ")] == []


def test_rules_are_drawn_in_the_group_that_they_are_of_and_the_caller_s_beside_them() -> None:
    firewall = "swarm:index:SwarmFirewall$"
    workers = {"securityGroupId": "sg-workers"}
    data = {"ipProtocol": "udp", "fromPort": 4789, "toPort": 4789, **workers}
    world = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "0.0.0.0/0"}
    steps = [
        resource("swarm:index:Node", "swarm-manager-0", role="manager"),
        resource(f"{firewall}{INGRESS_RULE}", "swarm-worker-data-from-worker", **data),
        resource(f"{firewall}{INGRESS_RULE}", "swarm-worker-data-from-manager", **data),
        resource(INGRESS_RULE, "site", **world, **workers),
        resource(INGRESS_RULE, "database", **world, securityGroupId="sg-database"),
    ]
    (found,) = previewed({"steps": steps}, None)
    assert [[opening.text for opening in group.openings] for group in found.groups] == [
        [],
        ["4789/udp from nodes"],
        ["443/tcp from 0.0.0.0/0"],
    ]
