"""A program without an engine, for tests that construct."""

import asyncio
from collections.abc import Iterator

import pytest
from pulumi.runtime import mocks, settings

from pulumi_swarm.provider import shared_connection
from tests.unit.construction import Recorder


@pytest.fixture(autouse=True)
def offered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, bool]]:
    """The connections that the plugin would hold open, which no test of this folder dials."""
    connections: list[tuple[object, bool]] = []

    def offer(connection: object, *, new_manager: bool = False) -> None:
        connections.append((connection, new_manager))

    monkeypatch.setattr(shared_connection, "offer", offer)
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
