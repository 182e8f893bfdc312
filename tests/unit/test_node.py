"""The Node resource's ways around managers that are no use, with a swarm that answers as told."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from docker.errors import APIError

from pulumi_swarm.provider import node
from pulumi_swarm.provider import swarm as swarm_module
from pulumi_swarm.provider.errors import ResourceError

CONNECTION = {
    "managers": ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
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
    """One manager's Docker."""

    def __init__(self, node_id: str, failure: Exception | None) -> None:
        self.node_id = node_id
        self.failure = failure

    def info(self) -> dict[str, Any]:
        self._fail()
        return {"Swarm": {"NodeID": self.node_id}}

    def nodes(self) -> list[dict[str, Any]]:
        self._fail()
        return [listed(f"m{i}") for i in (1, 2, 3)]

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


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
        return Client(f"m{first[-1]}", failures.get(first))

    monkeypatch.setattr(swarm_module, "connect", connect)
    yield failures
    node.cancelled.clear()


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
        node.read("m1", {"connection": CONNECTION})
    assert "not a swarm manager" in str(caught.value)


def test_locked_swarm_is_named_so_with_what_to_do_qr_8(failing: dict[str, Exception]) -> None:
    locked = "Swarm is encrypted and needs to be unlocked before it can be used."
    for address in CONNECTION["managers"]:
        failing[address] = api_error(503, locked)
    with pytest.raises(ResourceError, match=r"the swarm is locked: run .* docker swarm unlock"):
        node.read("m1", {"connection": CONNECTION})


def test_lost_quorum_is_named_so_with_what_to_do_qr_2(failing: dict[str, Exception]) -> None:
    lost = "The swarm does not have a leader. It's possible that too few managers are online."
    for address in CONNECTION["managers"]:
        failing[address] = api_error(503, lost)
    with pytest.raises(ResourceError, match=r"lost its quorum: start the managers .* Lost quorum"):
        node.read("m1", {"connection": CONNECTION})


def test_manager_that_leaves_is_not_the_one_asked(failing: dict[str, Exception]) -> None:
    assert failing == {}
    swarm = swarm_module.Swarm(CONNECTION)
    swarm.avoid("m1")
    asked: Callable[[Any], Any] = lambda client: client.info()  # noqa: E731
    assert swarm._ask(asked)["Swarm"]["NodeID"] == "m2"


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
    with pytest.raises(ResourceError, match="get-console-output --latest --instance-id i-1") as e:
        node.create(inputs)
    assert "m2 (manager, ready, reachable)" in str(e.value)
