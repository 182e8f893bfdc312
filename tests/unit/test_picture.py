"""Pictures of a swarm: everything is in them, and names cannot break them."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pulumi_swarm.picture import mermaid, svg
from pulumi_swarm.picture.declared import declared
from pulumi_swarm.picture.model import Machine, Net, Opening, Picture
from pulumi_swarm.picture.previewed import SUBNET, previewed
from pulumi_swarm.review.sentences import NETWORK
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
    openings=(Opening(text="between nodes: 4789/udp"), Opening(text="x", change="removed")),
)
RENDERERS = pytest.mark.parametrize("render", [mermaid.render, svg.render], ids=["mermaid", "svg"])


@RENDERERS
def test_everything_and_each_change_is_in_the_picture(render: Callable[[Picture], str]) -> None:
    text = render(PICTURE)
    for word in (
        *("swarm-manager-0", "swarm-worker-0", "app", "10.0.0.0/24", "secure", "2 services"),
        *("between nodes: 4789/udp", "added", "replaced", "removed"),
    ):
        assert word in text


@RENDERERS
def test_what_stays_has_no_mark_of_change(render: Callable[[Picture], str]) -> None:
    calm = replace(
        PICTURE,
        machines=tuple(replace(machine, change="") for machine in PICTURE.machines),
        networks=tuple(replace(network, change="") for network in PICTURE.networks),
        openings=(),
    )
    assert not [word for word in ("added", "replaced", "removed") if word in render(calm)]


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
    assert [network.name for network in found.networks] == ["ingress", "secure"]
    assert "10.210.0.0/24" in found.networks[1].details
    assert any("IP protocol 50" in opening.text for opening in found.openings)


def test_swarm_whose_name_begins_another_s_has_its_own_things_alone() -> None:
    def resource(kind: str, name: str, /, **inputs: str) -> dict[str, Any]:
        state = {"custom": True, "inputs": inputs}
        return {
            "op": "same",
            "urn": f"urn:pulumi:s::p::{kind}::{name}",
            "oldState": state,
            "newState": state,
        }

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
