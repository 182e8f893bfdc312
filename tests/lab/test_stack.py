"""What Pulumi shows and does: previews, quiet runs, exact changes, the end."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest

from tests.lab.cloud import LocalCloud, Stack, eventually
from tests.lab.conftest import FirstRun
from tests.lab.remains import remains

NODE = "swarm:index:Node"
NETWORK = "docker:index/network:Network"


def test_preview_of_an_empty_stack_works_without_any_host_pd_1(first_run: FirstRun) -> None:
    shown = first_run.preview_of_nothing
    assert set(shown.values()) == {"create"}
    assert (NETWORK, "swarm-shared") in shown
    assert (NODE, "swarm-manager-2") in shown


def test_preview_after_up_shows_nothing_kd_2(first_run: FirstRun) -> None:
    assert first_run.after_up == {}


def test_refresh_finds_no_drift_kd_3(first_run: FirstRun) -> None:
    assert re.search(r"Resources:\n +\d+ unchanged\n", first_run.refresh)


def test_preview_after_refresh_shows_nothing_kd_3(first_run: FirstRun) -> None:
    assert first_run.after_refresh == {}


def test_changed_mtu_replaces_exactly_that_network_kd_1(stack: Stack, swarm: LocalCloud) -> None:
    networks = [
        {"name": "app"},
        {"name": "shared", "attachable": True},
        {
            "name": "secure",
            "encrypted": True,
            "attachable": True,
            "subnet": "10.210.0.0/24",
            "mtu": 1300,
        },
    ]
    stack.configure(networks=networks)
    assert stack.preview() == {(NETWORK, "swarm-secure"): "replace"}
    stack.up()
    options = json.loads(swarm.on("swarm-manager-0", "docker", "network", "inspect", "secure"))
    assert options[0]["Options"]["com.docker.network.driver.mtu"] == "1300"
    assert stack.preview() == {}
    stack.configure()
    stack.up()


def test_changed_network_label_replaces_exactly_that_network_kd_1(stack: Stack) -> None:
    networks = [
        {"name": "app", "labels": {"team": "web"}},
        {"name": "shared", "attachable": True},
        {
            "name": "secure",
            "encrypted": True,
            "attachable": True,
            "subnet": "10.210.0.0/24",
            "mtu": 1400,
        },
    ]
    stack.configure(networks=networks)
    assert stack.preview() == {(NETWORK, "swarm-app"): "replace"}


def test_changed_label_updates_exactly_that_node_in_place(stack: Stack, swarm: LocalCloud) -> None:
    before = stack.outputs()["node_ids"]
    stack.configure(nodeLabels={"worker-1": {"disk": "fast"}})
    assert stack.preview() == {(NODE, "swarm-worker-1"): "update"}
    stack.up()
    inspected = json.loads(
        swarm.on("swarm-manager-0", "docker", "node", "inspect", "swarm-worker-1")
    )
    assert inspected[0]["Spec"]["Labels"] == {"disk": "fast"}
    assert stack.outputs()["node_ids"] == before
    stack.configure()
    stack.up()
    inspected = json.loads(
        swarm.on("swarm-manager-0", "docker", "node", "inspect", "swarm-worker-1")
    )
    assert inspected[0]["Spec"]["Labels"] == {}


def test_hand_made_label_is_drift_that_refresh_finds_and_up_takes_back(
    stack: Stack, swarm: LocalCloud
) -> None:
    update = ("docker", "node", "update", "--label-add", "by=hand", "swarm-worker-0")
    swarm.on("swarm-manager-0", *update)
    stack.refresh()
    assert stack.preview() == {(NODE, "swarm-worker-0"): "update"}
    stack.up()
    inspected = json.loads(
        swarm.on("swarm-manager-0", "docker", "node", "inspect", "swarm-worker-0")
    )
    assert inspected[0]["Spec"]["Labels"] == {}


def test_nat_of_each_zones_own_and_back_touches_no_machine(stack: Stack, swarm: LocalCloud) -> None:
    """AWS lets a subnet have one route table at a time."""
    machines = {name: host["instance"] for name, host in swarm.hosts().items()}
    stack.configure(nat="per-zone")
    kind = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    moved = {name: op for (found, name), op in stack.preview().items() if found == kind}
    assert {name: moved[name] for name in moved if "private" in name} == {
        "swarm-private-1": "update",
        "swarm-private-2": "update",
    }
    stack.up()
    assert stack.preview() == {}
    stack.configure()
    stack.up()
    assert stack.preview() == {}
    assert {name: host["instance"] for name, host in swarm.hosts().items()} == machines


def test_newer_image_script_or_disk_changes_no_machine_ud_1_ud_8(stack: Stack) -> None:
    stack.configure(ami="ami-0123456789abcdef0", bootTimeoutSeconds=601, rootVolumeSizeGib=40)
    changed = stack.preview()
    assert {kind for kind, _ in changed} == {NODE}  # the timeout is an input of the wait, too
    assert set(changed.values()) == {"update"}


def test_raised_generation_replaces_that_worker_and_leaves_no_phantom_qr_4(
    stack: Stack, swarm: LocalCloud
) -> None:
    before = stack.outputs()["node_ids"]
    generations = stack.raised("worker-0")
    stack.configure(nodeGenerations=generations, engineVersion="20.10.24", rootVolumeSizeGib=40)
    assert stack.preview() == {
        ("aws:ec2/instance:Instance", "swarm-worker-0"): "replace",
        (NODE, "swarm-worker-0"): "replace",
        ("swarm:index:Rollout", "swarm"): "update",
    }
    stack.up()
    after = stack.outputs()["node_ids"]
    assert {key for key in before if before[key] != after[key]} == {"worker-0"}
    assert _listed_ids(swarm) == set(after.values())
    # The newest disk and script went with it, not those it was first made with.
    (machine,) = [
        r for r in stack.resources() if r["urn"].endswith("ec2/instance:Instance::swarm-worker-0")
    ]
    assert machine["inputs"]["rootBlockDevice"]["volumeSize"] == 40
    assert "ENGINE_VERSION=20.10.24\n" in swarm.on("swarm-worker-0", "cat", "/etc/swarm/node.conf")
    # No upgrade by night takes Docker along.
    assert "docker.io" in swarm.on("swarm-worker-0", "apt-mark", "showhold").split()
    stack.keep(nodeGenerations=generations)


CONFIGS, CONFIG_BYTES = 120, 20_000  # 2.4 MB, which take a new manager a minute


def lengthen_the_log(cloud: LocalCloud) -> None:
    """Give raft much to tell a new manager, with no snapshot in place of it."""
    for interval in ("100", "100000"):  # one now, and none from then on
        cloud.on("swarm-manager-0", "docker", "swarm", "update", "--snapshot-interval", interval)
    make = "docker config create c$i - </run/c && docker config rm c$i || exit; done; rm /run/c"
    fill = f"head -c {CONFIG_BYTES} /dev/zero | tr '\\0' x >/run/c; for i in $(seq {CONFIGS}); do"
    cloud.on("swarm-manager-0", "sh", "-c", f"{fill} {make}")


@contextmanager
def agreed_on(cloud: LocalCloud) -> Iterator[list[float]]:
    """When the swarm could agree on something, once a second; that ends by itself."""
    times: list[float] = []
    over = threading.Event()

    def ask() -> None:
        until = time.monotonic() + 600
        while not over.is_set() and time.monotonic() < until:
            label = ("docker", "node", "update", "--label-add", f"at={len(times)}")
            if cloud.succeeds("swarm-manager-2", "timeout", "5", *label, "swarm-worker-0"):
                times.append(time.monotonic())
            over.wait(1)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield times
    finally:
        over.set()
        asking.join()
        remove = ("docker", "node", "update", "--label-rm", "at", "swarm-worker-0")
        cloud.on("swarm-manager-2", *remove)
        times.append(time.monotonic())


def test_raised_generation_replaces_managers_without_losing_the_quorum_qr_1(
    stack: Stack, swarm: LocalCloud
) -> None:
    before = stack.outputs()
    generations = stack.raised("manager-0", "manager-1")
    stack.configure(nodeGenerations=generations)
    lengthen_the_log(swarm)
    with agreed_on(swarm) as times:
        said = stack.up(seconds=480)
    swarm.on("swarm-manager-0", "docker", "swarm", "update", "--snapshot-interval", "1000")
    # Longer than an election takes, nothing was agreed on at no time: a new manager counts for the
    # quorum at once, and takes in the log only then.
    assert max(later - earlier for earlier, later in pairwise(times)) < 30, times
    # Strictly one after the other: the second goes when the first is back.
    steps = (
        "Node swarm-manager-0 deleted",
        "Instance swarm-manager-0 deleted",
        "Instance swarm-manager-0 created",
        "Node swarm-manager-0 created",
        "Node swarm-manager-1 deleted",
        "Instance swarm-manager-1 deleted",
        "Node swarm-manager-1 created",
    )
    places = [said.find(step) for step in steps]
    assert -1 not in places, said
    assert places == sorted(places)
    after = stack.outputs()
    changed = {k for k in before["node_ids"] if before["node_ids"][k] != after["node_ids"][k]}
    assert changed == {"manager-0", "manager-1"}
    assert before["manager_addresses"] == after["manager_addresses"]
    assert _listed_ids(swarm) == set(after["node_ids"].values())
    networks = swarm.on("swarm-manager-0", "docker", "network", "ls", "--format", "{{.Name}}")
    assert {"app", "shared", "secure"} <= set(networks.split())
    stack.keep(nodeGenerations=generations)
    assert stack.preview() == {}


def test_machine_that_reboots_is_the_same_node_again(stack: Stack, swarm: LocalCloud) -> None:
    before = stack.outputs()["node_ids"]
    swarm.reboot("swarm-manager-2")
    ready = ("docker", "node", "inspect", "--format", "{{.Status.State}}", "swarm-manager-2")
    eventually(
        lambda: swarm.on("swarm-manager-0", *ready, check=False).strip() == "ready", 60, "up"
    )
    done = ("systemctl", "is-active", "swarm-bootstrap")
    eventually(lambda: swarm.succeeds("swarm-manager-2", *done), 60, "its bootstrap has ended")
    assert _listed_ids(swarm) == set(before.values())
    assert stack.preview() == {}


def test_machine_that_was_taken_out_does_not_come_back_and_is_replaced_qr_4(
    stack: Stack, swarm: LocalCloud
) -> None:
    swarm.on("swarm-worker-1", "docker", "swarm", "leave")
    restart = ("systemctl", "restart", "swarm-bootstrap")
    assert not swarm.succeeds("swarm-worker-1", *restart)
    said = swarm.on("swarm-worker-1", "journalctl", "-u", "swarm-bootstrap", "--no-pager")
    assert "was taken out of it; docker node rm it where it is still listed" in said
    generations = stack.raised("worker-1")
    stack.configure(nodeGenerations=generations)
    stack.up()
    assert _listed_ids(swarm) == set(stack.outputs()["node_ids"].values())
    stack.keep(nodeGenerations=generations)
    assert stack.preview() == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dataPathPort": 7789, "networks": [{"name": "app"}]}, "dataPathPort"),
        # A subnet inside the pool that was chosen at first would have another one chosen.
        ({"networks": [{"name": "app", "subnet": "10.201.0.0/24"}]}, "defaultAddrPool"),
    ],
)
def test_what_is_said_once_cannot_change_on_a_live_swarm_ap_4_of_2(
    stack: Stack, changes: dict[str, Any], said: str
) -> None:
    stack.configure(**changes)
    result = stack.attempt("up")
    output = result.stdout + result.stderr
    assert result.returncode != 0
    assert f"property {said} value" in output
    assert "cannot change while the swarm lives" in output
    assert "SecurityGroupIngressRule" not in output.partition("Diagnostics:")[0]
    stack.configure()
    assert stack.preview() == {}


def test_wrong_input_is_one_error_before_anything_is_made(stack: Stack) -> None:
    before = stack.export()
    stack.configure(
        managerCount=2,
        vpcCidr="10.20.0.1/16",
        dataPathPort=80,
        workerCuont=3,
        networks=[{"name": "host"}, {"name": "x", "subnet": "10.20.4.0/24", "mtu": 5}],
    )
    result = stack.attempt("up")
    said = result.stdout + result.stderr
    assert result.returncode != 0
    assert "Traceback" not in said
    for path in ("managerCount", "vpcCidr", "dataPathPort", "workerCuont", "networks[0].name"):
        assert f"- {path} is " in said
    assert "inputs are wrong; nothing was made" in said
    assert _resources(stack.export()) == _resources(before)


def _resources(exported: str) -> list[str]:
    return [r["urn"] for r in json.loads(exported)["deployment"]["resources"]]


@pytest.mark.last
def test_destroy_leaves_nothing(first_run: FirstRun) -> None:
    stack, cloud = first_run.stack, first_run.cloud
    iam = cloud.aws("iam")
    (role,) = [r["RoleName"] for r in iam.list_roles()["Roles"] if "-worker-" in r["RoleName"]]
    # As IAM's "Revoke active sessions" does; a role that holds a policy is not deleted.
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    iam.put_role_policy(
        RoleName=role,
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    stack.destroy()
    eventually(lambda: not remains(cloud), 30, "nothing is left")
    assert remains(cloud) == []


def _listed_ids(swarm: LocalCloud) -> set[str]:
    """The nodes' ids, once all of them are Ready; a phantom never is.

    After a change of leader nodes are Unknown until their next heartbeat.
    """

    def rows() -> list[list[str]]:
        template = "{{.ID}} {{.Status}}"
        listed = swarm.on(
            *("swarm-manager-1", "docker", "node", "ls", "--format", template), check=False
        )
        return [line.split() for line in listed.splitlines()]

    eventually(lambda: {row[-1] for row in rows()} == {"Ready"}, 60, "all nodes are Ready")
    return {row[0] for row in rows()}
