"""Which connections the plugin holds open for the Docker provider, and how."""

import asyncio
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pulumi.provider.experimental.provider import CheckRequest, CreateRequest, ReadRequest

from pulumi_swarm.plan.connection import Connection, control_path
from pulumi_swarm.provider import resources
from pulumi_swarm.provider.kinds import KINDS
from pulumi_swarm.provider.resources import SwarmResources
from pulumi_swarm.provider.shared_connection import holding, socket_of
from pulumi_swarm.provider.values import UNKNOWN, property_map
from tests.unit.inputs import KEY

URN = "urn:pulumi:s::p::swarm:index:ManagerSet$swarm:index:Node::swarm-manager-0"
CONNECTION: dict[str, Any] = {
    "managers": ["10.0.0.1", "10.0.0.2"],
    "hostPublicKey": KEY,
    "identityFile": "",
    "through": "",
    "sessionManagerRegion": "",
    "bastion": {},
}


def check(connection: Any) -> None:
    inputs = property_map({"connection": connection, "role": "manager"})
    asyncio.run(SwarmResources().check(CheckRequest(URN, {}, inputs, b"")))


def test_connection_is_held_as_soon_as_the_managers_are_known(offered: list[object]) -> None:
    check({**CONNECTION, "managers": UNKNOWN})
    check({**CONNECTION, "managers": ["10.0.0.1", UNKNOWN]})
    assert offered == []
    check(CONNECTION)
    assert offered == [(CONNECTION, False)]


def test_new_manager_has_it_dialled_again(
    offered: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = replace(KINDS["swarm:index:Node"], create=lambda _: ("i-1", {"nodeId": "m1"}))
    monkeypatch.setattr(resources, "KINDS", {"swarm:index:Node": kind})
    request = CreateRequest(URN, property_map({"connection": CONNECTION}), 60.0, preview=False)
    asyncio.run(SwarmResources().create(request))
    assert offered == [(CONNECTION, True)]


def test_refresh_goes_by_it_too(offered: list[object]) -> None:
    state = property_map({"connection": CONNECTION, "nodeId": ""})
    asyncio.run(SwarmResources().read(ReadRequest(URN, "i-1", state, {})))
    assert offered == [(CONNECTION, False)]


def test_connection_that_is_held_ends_with_the_plugin_whatever_users_have_set(
    tmp_path: Path,
) -> None:
    theirs = tmp_path / "config"
    theirs.write_text("Host *\n  ControlPersist yes\n  ControlMaster auto\n  ControlPath ~/x\n")
    own = tmp_path / "socket"
    ssh, *options = holding(Connection.of(CONNECTION), own)
    shown = subprocess.run(
        [ssh, "-F", str(theirs), "-G", *options], text=True, capture_output=True, check=True
    )
    settings = dict(line.split(" ", 1) for line in shown.stdout.splitlines() if " " in line)
    assert settings["controlpersist"] == "no"
    assert settings["controlmaster"] == "true"
    assert settings["controlpath"] == str(own)


def test_socket_is_where_ssh_looks_for_it() -> None:
    connection = Connection.of(CONNECTION)
    assert socket_of(connection) == Path.home() / control_path(connection).removeprefix("%d/")
