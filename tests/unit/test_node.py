"""The Node resource's ways around managers that are no use, with a swarm that answers as told."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
import requests
from docker.errors import APIError
from google.protobuf.struct_pb2 import Struct
from pulumi.provider.experimental.provider import DiffRequest, DiffResponse
from pulumi.runtime.proto import provider_pb2, status_pb2

from pulumi_swarm.plugin import unfinished
from pulumi_swarm.provider import keeping_up, node
from pulumi_swarm.provider import swarm as swarm_module
from pulumi_swarm.provider import watch as watch_module
from pulumi_swarm.provider.docker_over_ssh import connect
from pulumi_swarm.provider.errors import ResourceError, UnfinishedError
from pulumi_swarm.provider.membership import arrived
from pulumi_swarm.provider.resources import SwarmResources
from pulumi_swarm.provider.values import UNKNOWN, property_map

NEW_YEAR = 1767225600
MANAGERS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
CONNECTION = {
    "managers": MANAGERS,
    "hostPublicKey": "ssh-ed25519 AAAA",
    "identityFile": "",
    "through": "",
    "sessionManagerRegion": "",
    "bastion": {},
}


def api_error(status: int, text: str) -> APIError:
    response = requests.Response()
    response.status_code = status
    response.reason = "x"
    return APIError(text, response=response, explanation=text)


class Client:
    """One manager's Docker. Of a config all hear at once, but those that are ``behind``."""

    marks: ClassVar[list[str]] = []
    behind: ClassVar[set[str]] = set()

    def __init__(self, address: str, failing: dict[str, Exception]) -> None:
        self.node_id = f"m{address[-1]}"
        self.address = address
        self.failing = failing
        self.asked: list[str] = []

    def info(self) -> dict[str, Any]:
        self._fail()
        return {
            "Swarm": {"NodeID": self.node_id},
            "SystemTime": "2026-01-01T01:00:00.123456789+01:00",
        }

    def nodes(self) -> list[dict[str, Any]]:
        self._fail()
        return [listed(f"m{i}") for i in (1, 2, 3)]

    def create_config(self, name: str, _data: bytes) -> None:
        self._fail()
        self.asked.append(f"make {name}")
        self.marks.append(name)

    def configs(self, **_filters: object) -> list[dict[str, Any]]:
        self._fail()
        return []

    def events(self, until: str, **_asked: object) -> list[dict[str, Any]]:
        self._fail()
        assert until == f"{NEW_YEAR}.123456"  # by the manager's own clock
        heard = [] if self.node_id in self.behind else self.marks
        return [{"Actor": {"Attributes": {"name": name}}} for name in heard]

    def remove_config(self, name: str) -> None:
        self._fail()
        self.asked.append(f"remove {name}")

    def _fail(self) -> None:
        if self.address in self.failing:
            raise self.failing[self.address]


def listed(name: str) -> dict[str, Any]:
    return {
        "ID": name,
        "Version": {"Index": 1},
        "Spec": {"Role": "manager", "Availability": "active", "Labels": {}},
        "Description": {"Hostname": name},
        "Status": {"State": "ready"},
        "ManagerStatus": {"Addr": f"10.0.0.{name[1]}:2377", "Reachability": "reachable"},
    }


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Exception]]:
    """Which managers fail, and how; the proxy takes the first of the list that it is given."""
    failures: dict[str, Exception] = {}

    def connect(argv: list[str], _said: list[str]) -> Client:
        first = next(a for a in " ".join(argv).split() if a.startswith("10.0.0."))
        return Client(first, failures)

    monkeypatch.setattr(swarm_module, "connect", connect)
    monkeypatch.setattr(watch_module, "_watches", {})
    monkeypatch.setattr(Client, "marks", [])
    monkeypatch.setattr(Client, "behind", set())
    yield failures
    node.cancelled.clear()


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The nodes that were taken off the list, of which nothing else is changed."""
    gone: list[str] = []
    monkeypatch.setattr(node, "_remove", lambda _swarm, leaving: gone.append(leaving.node_id))
    monkeypatch.setattr(swarm_module.Swarm, "change", lambda _self, _id, **_to: None)
    return gone


NOT_IN_SWARM = api_error(503, "This node is not a swarm manager.")


@pytest.mark.parametrize("failure", [NOT_IN_SWARM, ConnectionResetError("reset")])
def test_manager_that_is_no_use_is_passed_over(
    failing: dict[str, Exception], failure: Exception
) -> None:
    failing["10.0.0.1"] = failure
    assert len(swarm_module.Swarm(CONNECTION).members()) == 3


def test_a_refusal_is_not_tried_elsewhere(failing: dict[str, Exception]) -> None:
    failing["10.0.0.1"] = api_error(400, "invalid")
    with pytest.raises(APIError, match="invalid"):
        swarm_module.Swarm(CONNECTION).members()


def test_no_use_at_all_is_an_error_that_names_every_manager(
    failing: dict[str, Exception],
) -> None:
    for address in CONNECTION["managers"]:
        failing[address] = NOT_IN_SWARM
    with pytest.raises(ResourceError, match=r"10\.0\.0\.1, 10\.0\.0\.2, 10\.0\.0\.3") as caught:
        node.read("i-1", {"connection": CONNECTION, "nodeId": "m1"})
    assert "not a swarm manager" in str(caught.value)


def test_manager_that_answers_with_an_error_is_not_called_silent(
    failing: dict[str, Exception],
) -> None:
    for address in CONNECTION["managers"]:
        failing[address] = api_error(500, "rpc error: code = Internal desc = unable to sign")
    with pytest.raises(ResourceError, match="unable to sign") as caught:
        node.read("i-1", {"connection": CONNECTION, "nodeId": "m1"})
    assert "ssh" not in str(caught.value)


def test_locked_swarm_is_named_so_with_what_to_do_qr_8(failing: dict[str, Exception]) -> None:
    locked = "Swarm is encrypted and needs to be unlocked before it can be used."
    for address in CONNECTION["managers"]:
        failing[address] = api_error(503, locked)
    with pytest.raises(ResourceError, match=r"the swarm is locked: run .* docker swarm unlock"):
        node.read("i-1", {"connection": CONNECTION, "nodeId": "m1"})


def test_lost_quorum_is_named_so_with_what_to_do_qr_2(failing: dict[str, Exception]) -> None:
    lost = "The swarm does not have a leader. It's possible that too few managers are online."
    for address in CONNECTION["managers"]:
        failing[address] = api_error(503, lost)
    with pytest.raises(ResourceError, match=r"lost its quorum: start the managers .* Lost quorum"):
        node.read("i-1", {"connection": CONNECTION, "nodeId": "m1"})


def test_manager_that_leaves_is_not_the_one_asked(failing: dict[str, Exception]) -> None:
    assert failing == {}
    swarm = swarm_module.Swarm(CONNECTION)
    swarm.avoid("m1")
    asked: Callable[[Any], Any] = lambda client: client.info()  # noqa: E731
    assert swarm._ask(asked)["Swarm"]["NodeID"] == "m2"


def test_swarm_that_has_answered_is_given_time_to_find_a_leader(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = dict.fromkeys(CONNECTION["managers"], api_error(503, "The swarm has no leader"))
    monkeypatch.setattr(swarm_module, "RETRY_SECONDS", 0.01)
    swarm = swarm_module.Swarm(CONNECTION, patience_seconds=30)
    failing.update(lost)
    with pytest.raises(APIError):  # at once: it may be no swarm at all
        swarm.members()
    failing.clear()
    assert len(swarm.members()) == 3
    failing.update(lost)
    threading.Timer(0.2, failing.clear).start()
    assert len(swarm.members()) == 3


OLD = {
    "connection": CONNECTION,
    "address": "10.0.0.1",
    "role": "manager",
    "instanceId": "i-1",
    "nodeId": "m1",
}
URN = "urn:pulumi:s::p::swarm:index:ManagerSet$swarm:index:Node::swarm-manager-0"


def diff(old: dict[str, Any], **changes: Any) -> DiffResponse:
    new = {k: v for k, v in {**old, **changes}.items() if k != "nodeId"}
    request = DiffRequest(URN, "i-1", property_map(old), property_map(new), [])
    return asyncio.run(SwarmResources().diff(request))


def test_manager_is_replaced_while_the_others_are_well(failing: dict[str, Exception]) -> None:
    assert failing == {}
    assert diff(OLD, instanceId=UNKNOWN).replaces == ["instanceId"]


def test_replacing_a_manager_of_a_weak_swarm_is_refused_at_preview_qr_2(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failing == {}
    weak = [listed("m1"), listed("m2"), listed("m3")]
    weak[2]["ManagerStatus"]["Reachability"] = "unreachable"
    monkeypatch.setattr(Client, "nodes", lambda _self: weak)
    with pytest.raises(ResourceError, match="break the quorum: of 3 managers 2 are reachable"):
        diff(OLD, instanceId=UNKNOWN)
    lost = {**OLD, "address": "10.0.0.3", "nodeId": "m3"}
    assert diff(lost, instanceId=UNKNOWN).replaces  # the one that is away may be replaced
    assert diff(OLD, availability="drain").replaces == []


SPEC_URN = "urn:pulumi:s::p::swarm:index:SwarmCluster$swarm:index:SwarmSpec::swarm"


def diff_of_managers(count: int) -> DiffResponse:
    """Of a swarm that is to have this many managers from now on."""
    kept = {"connection": {**CONNECTION, "managers": MANAGERS[:count]}}
    old, new = property_map({"connection": CONNECTION}), property_map(kept)
    request = DiffRequest(SPEC_URN, "swarm", old, new, [])
    return asyncio.run(SwarmResources().diff(request))


@pytest.mark.parametrize(
    ("away", "count", "refused"),
    [
        ((), 1, False),
        ((), 2, False),
        ((2,), 1, False),  # the one that is away goes first
        ((0,), 1, True),  # it would be the only one left
        ((1, 2), 1, False),
        ((0, 1), 2, True),
    ],
)
def test_fewer_managers_than_would_keep_the_quorum_are_refused_at_preview_qr_2(
    failing: dict[str, Exception],
    monkeypatch: pytest.MonkeyPatch,
    away: tuple[int, ...],
    count: int,
    refused: bool,
) -> None:
    assert failing == {}
    found = [listed(f"m{i + 1}") for i in range(3)]
    for i, manager in enumerate(found):
        manager["Description"] = {"Hostname": f"swarm-manager-{i}"}
        if i in away:
            manager["ManagerStatus"]["Reachability"] = "unreachable"
    monkeypatch.setattr(Client, "nodes", lambda _self: found)
    if refused:
        with pytest.raises(ResourceError, match=r"managerCount cannot be .* The safe way: raise"):
            diff_of_managers(count)
    else:
        assert diff_of_managers(count).diffs == ["connection"]


def test_manager_waits_for_another_that_is_away_and_leaves_first_qr_2(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch, removed: list[str]
) -> None:
    """The engine removes several in an order of its own."""
    assert failing == {}
    found = [listed("m1"), listed("m2"), listed("m3")]
    found[2]["ManagerStatus"]["Reachability"] = "unreachable"
    monkeypatch.setattr(Client, "nodes", lambda _self: found)
    monkeypatch.setattr(node, "_wait_until_idle", lambda _swarm, _id: None)
    threading.Timer(0.5, found.pop).start()
    node.delete("i-2", {**OLD, "address": "10.0.0.2", "nodeId": "m2"})
    assert removed == ["m2"]
    assert len(found) == 2


def test_manager_waits_for_one_that_stays_and_has_not_taken_in_the_log_qr_1(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch, removed: list[str]
) -> None:
    """Docker calls it Reachable: it has joined, and counts for the quorum."""
    assert failing == {}
    monkeypatch.setattr(node, "_wait_until_idle", lambda _swarm, _id: None)
    Client.behind = {"m1", "m3"}
    leaving = threading.Thread(
        target=node.delete, args=("i-1", {**OLD, "address": "10.0.0.1", "nodeId": "m1"})
    )
    leaving.start()
    leaving.join(0.5)
    assert removed == []
    # Raft sends more of its log whenever there is something new.
    assert len(set(Client.marks)) > 1
    Client.behind = {"m1"}  # that it is behind itself stops nobody
    leaving.join(10)
    assert removed == ["m1"]


def test_manager_that_ssh_does_not_reach_is_not_waited_for(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing["10.0.0.3"] = ConnectionResetError("reset")
    Client.behind = {"m3"}
    swarm = swarm_module.Swarm(CONNECTION)
    monkeypatch.setattr(keeping_up, "REACH_TIMEOUT_SECONDS", 0)
    keeping_up.wait_until_they_keep_up(swarm, CONNECTION, swarm.members()[1:], node.cancelled)


def test_manager_that_ssh_reaches_late_is_waited_for(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by Session Manager, whose agent may come after Docker."""
    failing["10.0.0.3"] = ConnectionResetError("reset")
    Client.behind = {"m3"}
    swarm = swarm_module.Swarm(CONNECTION)
    monkeypatch.setattr(keeping_up, "KEEP_UP_TIMEOUT_SECONDS", 0)
    threading.Timer(0.7, failing.clear).start()
    with pytest.raises(ResourceError, match="the managers m3 have not"):
        keeping_up.wait_until_they_keep_up(swarm, CONNECTION, swarm.members()[1:], node.cancelled)


def test_manager_that_dies_while_another_takes_in_the_log_stops_the_one_that_goes_qr_2(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failing == {}
    found = [listed("m1"), listed("m2"), listed("m3")]
    monkeypatch.setattr(Client, "nodes", lambda _self: found)
    monkeypatch.setattr(node, "LEAVE_TIMEOUT_SECONDS", 0)

    def dies(*_asked: object) -> None:
        found[2]["ManagerStatus"]["Reachability"] = "unreachable"

    monkeypatch.setattr(node, "wait_until_they_keep_up", dies)
    with pytest.raises(ResourceError, match="removing m1 would break the quorum"):
        node.delete("i-1", {**OLD, "address": "10.0.0.1", "nodeId": "m1"})


def test_manager_that_stays_behind_is_named_when_the_time_is_over(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failing == {}
    Client.behind = {"m3"}
    swarm = swarm_module.Swarm(CONNECTION)
    monkeypatch.setattr(keeping_up, "KEEP_UP_TIMEOUT_SECONDS", 0)
    with pytest.raises(ResourceError, match=r"the managers m3 have .* run pulumi up"):
        keeping_up.wait_until_they_keep_up(swarm, CONNECTION, swarm.members()[1:], node.cancelled)


def test_machine_of_a_pool_that_got_the_address_of_a_node_is_not_taken_for_it(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failing == {}
    of_pool = {**listed("m1"), "ID": "of-the-pool", "ManagerStatus": None}
    of_pool["Spec"] = {"Role": "worker", "Availability": "active", "Labels": {}}
    of_pool["Status"] = {"State": "ready", "Addr": "10.0.0.5"}
    of_pool["Description"] = {
        "Hostname": "ip-10-0-0-5",
        "Engine": {"Labels": {"swarm.pool": "web"}},
    }
    monkeypatch.setattr(Client, "nodes", lambda _self: [of_pool])
    members = swarm_module.Swarm(CONNECTION).members()
    worker = {**OLD, "role": "worker", "address": "10.0.0.5"}
    assert arrived(members, "10.0.0.5", "worker") is None
    for never_seen in ("", node.TAKEN_OUT):
        assert node._leaving(members, {**worker, "nodeId": never_seen}) == []


def test_node_is_not_removed_while_its_tasks_run_when_the_update_is_cancelled(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch, removed: list[str]
) -> None:
    assert failing == {}
    monkeypatch.setattr(swarm_module.Swarm, "running_tasks", lambda _self, _id: 1)
    threading.Timer(0.2, node.cancelled.set).start()
    with pytest.raises(ResourceError, match="cancelled while a node was leaving"):
        node.delete("i-1", OLD)
    assert removed == []


def test_preview_needs_no_manager_to_replace_one_pd_1(failing: dict[str, Exception]) -> None:
    for address in CONNECTION["managers"]:
        failing[address] = ConnectionResetError("reset")
    assert diff(OLD, instanceId=UNKNOWN).replaces == ["instanceId"]


def test_only_manager_is_not_replaced_unless_it_never_came_up_qr_3(
    failing: dict[str, Exception],
) -> None:
    assert failing == {}
    lone = {**OLD, "connection": {**CONNECTION, "managers": ["10.0.0.1"]}}
    with pytest.raises(ResourceError, match=r"the only manager, .* set managerCount to 3"):
        diff(lone, instanceId=UNKNOWN)
    assert diff({**lone, "nodeId": ""}, instanceId=UNKNOWN).replaces == ["instanceId"]


def test_task_that_is_to_end_counts_until_it_has_ended_qr_11(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker lists it under another desired state as soon as its node is drained."""
    assert failing == {}
    tasks = [
        {"DesiredState": "shutdown", "Status": {"State": "running"}},
        {"DesiredState": "shutdown", "Status": {"State": "shutdown"}},
    ]

    def listed_tasks(_self: Client, filters: dict[str, str]) -> list[dict[str, Any]]:
        wanted = filters.get("desired-state")
        return [t for t in tasks if wanted in (None, t["DesiredState"])]

    monkeypatch.setattr(Client, "tasks", listed_tasks, raising=False)
    assert swarm_module.Swarm(CONNECTION).running_tasks("w1") == 1


def taken_out() -> tuple[dict[str, Any], dict[str, Any]]:
    """What refresh makes of a node that is not listed, and its inputs."""
    inputs = {**OLD, "address": "10.0.0.9", "nodeId": "w9", "bootTimeoutSeconds": 600}
    state = node.read("i-9", inputs)
    assert state is not None
    return state, {**inputs, "instanceId": "i-9", "availability": "active", "labels": {}}


def test_node_that_somebody_took_out_stays_in_the_state_and_is_unfinished_qr_4(
    failing: dict[str, Exception],
) -> None:
    assert failing == {}
    state, _ = taken_out()
    assert state["nodeId"] == node.TAKEN_OUT
    assert node.is_unfinished(state)
    node.delete("i-9", state)


def test_update_lets_a_machine_in_that_somebody_took_out_until_it_is_back_qr_4(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failing == {}
    client = Client("10.0.0.1", failing)
    monkeypatch.setattr(swarm_module, "connect", lambda _argv, _said: client)
    state, inputs = taken_out()
    back = {**listed("m3"), "ID": "w10", "ManagerStatus": {"Addr": "10.0.0.9:2377"}}
    back["ManagerStatus"]["Reachability"] = "reachable"
    let_in = "make swarm-let-in.i-9"
    present = Client.nodes

    def nodes(self: Client) -> list[dict[str, Any]]:
        return [*present(self), *([back] if let_in in client.asked else [])]

    monkeypatch.setattr(Client, "nodes", nodes)
    monkeypatch.setattr(swarm_module.Swarm, "change", lambda _self, _id, **_to: None)
    assert node.update("i-9", state, inputs) == {"nodeId": "w10"}
    # What an update that died had left counts for nothing, and nothing is left of this one.
    remove = "remove swarm-let-in.i-9"
    assert [asked for asked in client.asked if "mark" not in asked] == [remove, let_in, remove]


def test_machine_that_does_not_come_back_is_named_with_what_to_do_qr_4(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failing == {}
    client = Client("10.0.0.1", failing)
    monkeypatch.setattr(swarm_module, "connect", lambda _argv, _said: client)
    monkeypatch.setattr(node, "LET_IN_TIMEOUT_SECONDS", 0.1)
    state, inputs = taken_out()
    with pytest.raises(ResourceError, match=r"i-9 .* was taken out .* raise its generation"):
        node.update("i-9", state, inputs)
    assert client.asked[-1] == "remove swarm-let-in.i-9"


def test_node_that_came_back_under_another_id_is_taken_for_what_it_is(
    failing: dict[str, Exception],
) -> None:
    assert failing == {}
    state = node.read("i-1", {**OLD, "nodeId": "of-a-life-before"})
    assert state is not None
    assert state["nodeId"] == "m1"


def test_node_that_left_and_joined_again_by_hand_is_followed_and_its_phantom_goes_with_it_qr_4(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failing == {}
    away = {"Status": {"State": "down"}, "ManagerStatus": {"Addr": "10.0.0.1:2377"}}
    both = [{**listed("m1"), **away}, {**listed("m1"), "ID": "again"}]
    monkeypatch.setattr(Client, "nodes", lambda _self: both)
    state = node.read("i-1", OLD)
    assert state is not None
    assert state["nodeId"] == "again"
    members = swarm_module.Swarm(CONNECTION).members()
    assert [m.node_id for m in node._leaving(members, state)] == ["m1", "again"]


def test_node_that_is_down_stays_the_node_that_it_is(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failing == {}
    monkeypatch.setattr(
        Client, "nodes", lambda _self: [{**listed("m1"), "Status": {"State": "down"}}]
    )
    state = node.read("i-1", OLD)
    assert state is not None
    assert state["nodeId"] == "m1"


def test_wait_ends_when_the_engine_cancels(failing: dict[str, Exception]) -> None:
    for address in CONNECTION["managers"]:
        failing[address] = NOT_IN_SWARM
    node.cancelled.set()
    inputs = {
        "connection": CONNECTION,
        "address": "10.0.0.9",
        "role": "worker",
        "instanceId": "i-1",
        "bootTimeoutSeconds": 600,
    }
    with pytest.raises(ResourceError, match="cancelled"):
        node.create(inputs)


def test_machines_that_are_waited_for_at_one_time_are_asked_for_once(
    failing: dict[str, Exception],
) -> None:
    watched = watch_module.watch(CONNECTION)
    assert watch_module.watch(dict(CONNECTION)) is watched
    began = time.monotonic()
    first = watched.members(since=began)
    failing["10.0.0.1"] = failing["10.0.0.2"] = failing["10.0.0.3"] = NOT_IN_SWARM
    assert watched.members(since=began) is first
    with pytest.raises(APIError, match="not a swarm manager"):  # what was seen before does not do
        watched.members(since=time.monotonic())
    with pytest.raises(APIError, match="not a swarm manager"):
        watched.members(since=began)


def test_wait_that_is_over_says_what_was_seen_and_where_to_look(
    failing: dict[str, Exception],
) -> None:
    assert failing == {}
    inputs = {
        "connection": CONNECTION,
        "address": "10.0.0.9",
        "role": "worker",
        "instanceId": "i-1",
        "bootTimeoutSeconds": -1,
    }
    with pytest.raises(UnfinishedError, match="get-console-output --latest --instance-id i-1") as e:
        node.create(inputs)
    assert "m2 (manager, ready, reachable)" in str(e.value)
    assert (e.value.resource_id, e.value.outputs) == ("i-1", {"nodeId": ""})


def test_late_machine_is_kept_in_the_state_and_waited_for_by_the_next_update() -> None:
    inputs = {"address": "10.0.0.9", "instanceId": "i-1"}
    struct = Struct()
    struct.update(inputs)
    request = provider_pb2.CreateRequest(properties=struct)
    ((name, packed),) = unfinished(UnfinishedError("late", "i-1", {"nodeId": ""}), request)
    assert name == "grpc-status-details-bin"
    kept = provider_pb2.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(packed).details[0].Unpack(kept)
    assert kept.id == "i-1"
    state = dict(kept.properties)
    assert state == {**inputs, "nodeId": ""}
    assert dict(kept.inputs) == inputs
    assert node.is_unfinished(state)


def test_late_machine_is_neither_gone_nor_asked_for_by_a_refresh() -> None:
    state = {"nodeId": "", "connection": {"managers": []}}
    assert node.read("i-1", state) == state


def test_late_machine_of_a_swarm_that_never_came_to_be_can_go(
    failing: dict[str, Exception],
) -> None:
    for address in CONNECTION["managers"]:
        failing[address] = NOT_IN_SWARM
    state = {"connection": CONNECTION, "address": "10.0.0.1", "nodeId": ""}
    node.delete("i-1", state)
    with pytest.raises(ResourceError, match="no manager"):
        node.delete("i-1", {**state, "nodeId": "m1"})


DAEMON = """
import json, sys
lowest, highest = sys.argv[1:]
while line := sys.stdin.readline():
    path = line.split()[1]
    while sys.stdin.readline().strip():
        pass
    version = path.split("/")[1]
    if version == "version":
        status, said = 200, {"ApiVersion": highest}
    elif version[1:].split(".") < lowest.split(".") or version[1:].split(".") > highest.split("."):
        status, said = 400, {"message": f"client version {version} is refused"}
    else:
        status, said = 200, []
    body = json.dumps(said)
    fields = f"Content-Type: application/json\\r\\nContent-Length: {len(body)}\\r\\n"
    print(f"HTTP/1.1 {status} x\\r\\n{fields}\\r\\n{body}", end="", flush=True)
"""


@pytest.mark.parametrize(
    ("lowest", "highest"),
    [("1.12", "1.41"), ("1.44", "1.52"), ("1.40", "1.54")],
    ids=["docker-20.10", "docker-29.0", "docker-29.3"],
)
def test_every_engine_is_spoken_to_in_a_version_that_it_takes(lowest: str, highest: str) -> None:
    client = connect([sys.executable, "-c", DAEMON, lowest, highest], [])
    assert client.nodes() == []
    assert client.nodes() == []
    client.close()


def test_managers_are_asked_for_a_tenth_of_the_time_and_no_more_than_they_bear() -> None:
    assert watch_module.pause_seconds(0.001) == watch_module.PAUSE_SECONDS
    assert watch_module.pause_seconds(0.05) == pytest.approx(0.5)
    assert watch_module.pause_seconds(0.4) == watch_module.MOST_PAUSE_SECONDS
    assert watch_module.pause_seconds(30.0) == 30.0
