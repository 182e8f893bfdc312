"""One cloud for all faults, and the table of what was injected, what held, and how long it took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.faults.machines import Site, make_site
from tests.lab.cloud import LocalCloud, running_cloud


@dataclass
class Row:
    """One fault. Seconds run from the injection, or from its end where it must end first."""

    began: float

    def injected(self) -> None:
        """From now on it is recovery."""
        self.began = time.monotonic()


class Table:
    """Where tests write down what they injected and what held."""

    def __init__(self, record: Callable[[str, object], None]) -> None:
        self._record = record

    @contextmanager
    def row(self, fault: str, *, holds: str) -> Iterator[Row]:
        """A fault; its row is complete when all within has held."""
        made = Row(time.monotonic())
        seconds = None
        try:
            yield made
            seconds = time.monotonic() - made.began
        finally:
            self._record("fault", [fault, seconds, holds])


@pytest.fixture
def table(record_property: Callable[[str, object], None]) -> Table:
    return Table(record_property)


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    with running_cloud("swarm-test-faults", 5105) as made:
        yield made


@pytest.fixture(scope="session")
def site(cloud: LocalCloud) -> Site:
    return make_site(cloud)
