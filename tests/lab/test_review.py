"""What the report says of real previews, and that `up` then does just that."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from pulumi_swarm.picture.previewed import previewed
from pulumi_swarm.review.__main__ import markdown
from pulumi_swarm.review.attached import attached_to_networks
from pulumi_swarm.review.sentences import Review, review
from tests.lab.cloud import LocalCloud, Stack
from tests.lab.containers import container, service, stopped, vni
from tests.lab.seen import (
    happened,
    said_of_instances,
    said_of_networks,
    said_of_nodes,
    said_of_pools,
    said_of_ranges,
    said_of_rules,
    seen,
)

APP, SHARED = {"name": "app"}, {"name": "shared", "attachable": True}
SECURE = {
    "name": "secure",
    "encrypted": True,
    "attachable": True,
    "subnet": "10.210.0.0/24",
    "mtu": 1400,
}
POOL = {"name": "web", "min_size": 2, "max_size": 4}
# Changes of the stack's configuration; what the report says of each is in the snapshots.
CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "network-added": {"networks": [APP, SHARED, SECURE, {"name": "later"}]},
    "network-with-a-subnet-added": {
        "networks": [APP, SHARED, SECURE, {"name": "later", "subnet": "10.212.0.0/24"}]
    },
    "network-removed": {"networks": [APP, SECURE]},
    "all-networks-removed": {"networks": []},
    "subnet-changed": {"networks": [APP, SHARED, {**SECURE, "subnet": "10.213.0.0/24"}]},
    "mtu-changed": {"networks": [APP, SHARED, {**SECURE, "mtu": 1300}]},
    "network-becomes-attachable": {"networks": [{**APP, "attachable": True}, SHARED, SECURE]},
    "network-becomes-internal": {"networks": [{**APP, "internal": True}, SHARED, SECURE]},
    "network-gets-a-label": {"networks": [{**APP, "labels": {"team": "web"}}, SHARED, SECURE]},
    "network-renamed": {"networks": [{"name": "apps"}, SHARED, SECURE]},
    "encryption-ends": {"networks": [APP, SHARED, {**SECURE, "encrypted": False}]},
    "encryption-of-another-begins": {"networks": [{**APP, "encrypted": True}, SHARED, SECURE]},
    "workers-added": {"workerCount": 4},
    "worker-removed": {"workerCount": 1},
    "no-workers": {"workerCount": 0},
    "managers-added": {"managerCount": 5},
    "managers-removed": {"managerCount": 1},
    "worker-replaced": {"nodeGenerations": {"worker-1": 90}},
    "manager-replaced": {"nodeGenerations": {"manager-2": 90}},
    "all-managers-replaced": {"managerGeneration": 90},
    "all-workers-replaced": {"workerGeneration": 90},
    "workers-of-another-type": {"workerInstanceType": "m5.large"},
    "node-gets-a-label": {"nodeLabels": {"worker-0": {"disk": "fast"}}},
    "managers-are-drained": {"managerAvailability": "drain"},
    "pool-added": {"workerPools": [POOL]},
    "administrators-added": {"adminCidrs": ["203.0.113.10/32", "198.51.100.0/24"]},
    "administrators-changed": {"adminCidrs": ["198.51.100.0/24"]},
    "task-history-changed": {"taskHistoryLimit": 2},
    "worker-token-rotated": {"workerTokenRotation": 2},
    "tags-changed": {"tags": {"team": "web"}},
}


@pytest.mark.parametrize("name", CHANGES)
def test_report_says_what_a_preview_shows(
    stack: Stack, name: str, snapshot: SnapshotAssertion
) -> None:
    assert markdown(reviewed(stack, **CHANGES[name])) == snapshot


def reviewed(stack: Stack, **changes: Any) -> Review:
    stack.configure(**{**changes, "nodeGenerations": generations(stack, changes)})
    preview = json.loads(stack.preview_json("--show-sames"))
    return review(preview, attached_to_networks(preview))


def generations(stack: Stack, changes: dict[str, Any]) -> dict[str, int] | None:
    """Generations of nodes, on top of those that other tests raised; of nodes that stay alone."""
    raised = {**(stack.base("nodeGenerations") or {}), **changes.get("nodeGenerations", {})}
    counts = {
        role: int(changes.get(f"{role}Count", stack.base(f"{role}Count")))
        for role in ("manager", "worker")
    }

    def stays(key: str) -> bool:
        role, _, index = key.partition("-")
        return int(index) < counts[role]

    return {key: number for key, number in raised.items() if stays(key)} or None


def test_no_change_is_said_in_one_line(stack: Stack) -> None:
    found = reviewed(stack)
    assert markdown(found).splitlines()[2] == "Nothing changes."
    assert not found.destructive


def test_added_network_is_no_destruction(stack: Stack) -> None:
    found = reviewed(stack, networks=[*stack.base("networks"), {"name": "later"}])
    assert found.networks == ("network `later` is added",)
    assert found.ranges == ("network later: none → from the pool",)
    assert not found.destructive


def test_replaced_network_names_what_is_cut_off(stack: Stack, swarm: LocalCloud) -> None:
    changed = [
        {**n, "subnet": "10.211.0.0/24"} if n["name"] == "shared" else n
        for n in stack.base("networks")
    ]
    with (
        service(swarm, "one", "--network", "shared"),
        container(swarm, "swarm-worker-0", "alone", "shared"),
    ):
        found = reviewed(stack, networks=changed)
    (sentence,) = found.networks
    assert sentence.startswith("network `shared` is replaced (")
    assert "1 service and 1 container are cut off until re-attached" in sentence
    assert found.ranges == ("network shared: from the pool → 10.211.0.0/24",)
    assert found.destructive
    assert found.unknown == ()


def test_removed_network_without_users_says_so(stack: Stack) -> None:
    kept = [n for n in stack.base("networks") if n["name"] != "shared"]
    found = reviewed(stack, networks=kept)
    assert found.networks == (
        (
            "network `shared` is removed: nothing is cut off; Docker refuses it while a service "
            "uses it"
        ),
    )


def test_what_cannot_be_asked_is_said(stack: Stack, swarm: LocalCloud) -> None:
    stack.configure(networks=[])
    preview = json.loads(stack.preview_json("--show-sames"))
    with stopped(swarm, "ssh"):
        found = review(preview, attached_to_networks(preview))
    assert "whatever is attached is cut off" in found.networks[0]
    assert found.unknown == ("What is attached to the networks: no manager was reachable.",)


def test_more_workers_are_nodes_that_join_and_machines_that_cost(stack: Stack) -> None:
    found = reviewed(stack, workerCount=4)
    assert found.nodes == ("worker `swarm-worker-2` joins", "worker `swarm-worker-3` joins")
    assert found.costs == ("2 instances more, 0 fewer",)
    assert found.quorum == ()


def test_fewer_managers_tell_the_quorum_of_every_moment(stack: Stack) -> None:
    found = reviewed(stack, managerCount=1)
    assert found.quorum == (
        "before: 3 managers, 2 must agree, 1 loss can be survived",
        "at the fewest: 1 manager, 1 must agree, 0 losses can be survived",
        "after: 1 manager, 1 must agree, 0 losses can be survived",
    )
    assert found.destructive


def test_replaced_manager_tells_the_quorum_while_it_is_gone(stack: Stack) -> None:
    found = reviewed(stack, nodeGenerations={"manager-2": 9})
    assert found.nodes == (
        "manager `swarm-manager-2` is drained, taken out, and another machine joins for it",
    )
    assert "at the fewest: 2 managers, 2 must agree, 0 losses can be survived" in found.quorum


def test_encryption_that_ends_closes_its_ports(stack: Stack) -> None:
    plain = [{k: v for k, v in n.items() if k != "encrypted"} for n in stack.base("networks")]
    found = reviewed(stack, networks=plain)
    closed = [
        sentence for sentence in found.ports if sentence.startswith("ESP into the nodes is closed")
    ]
    assert len(closed) == 4
    assert all("the swarm's own nodes" in sentence for sentence in closed)


def test_new_administrators_are_named_by_their_range(stack: Stack) -> None:
    found = reviewed(stack, adminCidrs=["203.0.113.10/32", "198.51.100.0/24"])
    assert found.ports == (
        "22/tcp into the nodes is opened from 198.51.100.0/24 (administration, ssh)",
    )


def test_setting_of_the_swarm_is_told_with_both_values(stack: Stack) -> None:
    found = reviewed(stack, taskHistoryLimit=2)
    assert found.swarm == ("the swarm is changed in place: taskHistoryLimit 5 → 2",)


def test_command_gates_a_merge_by_its_exit_code(stack: Stack) -> None:
    def exit_code(**changes: Any) -> int:
        stack.configure(**changes)
        argv = [sys.executable, "-m", "pulumi_swarm.review", "--offline"]
        return subprocess.run(
            argv,
            input=stack.preview_json("--show-sames"),
            text=True,
            capture_output=True,
            check=False,
        ).returncode

    assert exit_code() == 0
    assert exit_code(networks=[*stack.base("networks"), {"name": "later"}]) == 0
    assert exit_code(networks=[]) == 3


def test_what_swarm_and_aws_show_after_an_up_is_what_the_report_said(
    stack: Stack, swarm: LocalCloud
) -> None:
    stack.keep(nodeGenerations=stack.raised("worker-0", "manager-2"))  # machines do not go back
    kept = [network for network in stack.base("networks") if network["name"] == "app"]
    there: dict[str, Any] = {
        "networks": [*kept, {**SHARED, "subnet": "10.214.0.0/24"}, {"name": "later"}],
        "workerCount": 3,
        "workerPools": [{"name": "web", "max_size": 2}],
        "adminCidrs": [*stack.base("adminCidrs"), "198.51.100.0/24"],
    }
    expected = (
        {"shared": "replaced", "later": "added", "secure": "removed"},
        {
            "swarm-manager-2": "replaced",
            "swarm-worker-0": "replaced",
            "swarm-worker-2": "added",
        },
    )
    assert hold_against(stack, swarm, **there) == expected
    # A network keeps the range that is not declared any more.
    back = (
        {"later": "removed", "secure": "added"},
        {"swarm-worker-2": "removed"},
    )
    assert hold_against(stack, swarm) == back


def hold_against(
    stack: Stack, swarm: LocalCloud, **changes: Any
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Make a change; what became of networks and of nodes, which the report said of all."""
    before = seen(swarm)
    report = reviewed(stack, **changes)
    stack.up()
    after = seen(swarm)
    networks = happened(before.networks, after.networks)
    nodes = happened(before.nodes, after.nodes)
    assert said_of_networks(report) == networks
    assert said_of_nodes(report) == nodes
    told = {text.split()[1].removesuffix(":") for text in report.ranges if "network " in text}
    assert told <= networks.keys()
    assert said_of_pools(report) == happened(before.pools, after.pools) != {}
    more, fewer = after.rules - before.rules, before.rules - after.rules
    assert said_of_rules(report) == (len(more), len(fewer))
    opened, closed = after.ranges - before.ranges, before.ranges - after.ranges
    assert opened or closed
    assert said_of_ranges(report) == dict.fromkeys(opened, "opened") | dict.fromkeys(
        closed, "closed"
    )
    assert said_of_instances(report) == len(after.instances) - len(before.instances)
    assert report.destructive
    return networks, nodes


def test_up_does_what_the_report_said(stack: Stack) -> None:
    found = reviewed(
        stack, networks=[*stack.base("networks"), {"name": "later"}], taskHistoryLimit=3
    )
    assert found.networks == ("network `later` is added",)
    assert len(found.swarm) == 1
    said = stack.up()
    assert "docker:index:Network swarm-later created" in said
    assert "swarm:index:SwarmSpec swarm updated" in said
    stack.configure()
    assert reviewed(stack).networks[0].startswith("network `later` is removed")
    stack.up()


def test_picture_of_a_preview_shows_what_is_there_and_what_changes(
    stack: Stack, swarm: LocalCloud
) -> None:
    assert swarm
    stack.configure(networks=[*stack.base("networks")[1:], {"name": "later"}], workerCount=3)
    preview = json.loads(stack.preview_json("--show-sames"))
    (found,) = previewed(preview, attached_to_networks(preview))
    assert {m.name: m.change for m in found.machines if m.change} == {"swarm-worker-2": "added"}
    assert found.zones == ("us-east-1a", "us-east-1b", "us-east-1c")
    assert {n.name: n.change for n in found.networks} == {
        "app": "removed",
        "docker_gwbridge": "",
        "ingress": "",
        "later": "added",
        "secure": "",
        "shared": "",
    }
    secure = next(network for network in found.networks if network.name == "secure")
    assert {"10.210.0.0/24", "MTU 1400", "encrypted", "attachable"} <= set(secure.details)
    assert f"VNI {vni(swarm, 'secure')}" in secure.details
    assert secure.users == "0 services, 0 containers attached"
    managers, workers = ({opening.text for opening in group.openings} for group in found.groups)
    assert managers - workers == {"2377/tcp from nodes", "22/tcp from 203.0.113.10/32"}
