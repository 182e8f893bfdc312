"""A program without an engine, for tests that construct."""

import asyncio
from collections.abc import Iterator

import pytest
from pulumi.runtime import mocks, settings

from pulumi_swarm.provider import shared_connection
from tests.unit.construction import Recorder


@pytest.fixture(autouse=True)
def offered(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The connections that the plugin would hold open, which no test of this folder dials."""
    connections: list[object] = []
    monkeypatch.setattr(shared_connection, "offer", connections.append)
    return connections


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    recording = Recorder()
    mocks.set_mocks(recording, project="swarm", stack="test")
    yield recording
    settings.reset_options()
    loop.close()
    asyncio.set_event_loop(None)
