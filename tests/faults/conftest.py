"""One cloud for all faults, and the table of what was injected, what held, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.faults.machines import Site, make_site
from tests.lab.cloud import LocalCloud, running_cloud

FAULT_TABLE = pytest.StashKey[list["Row"]]()


@dataclass
class Row:
    """One fault. ``seconds`` run from the injection, or from its end where it must end first."""

    fault: str
    held: str
    began: float
    seconds: float | None = None

    def injected(self) -> None:
        """From now on it is recovery."""
        self.began = time.monotonic()


class Table:
    """Where tests write down what they injected and what held."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    @contextmanager
    def row(self, fault: str, *, holds: str) -> Iterator[Row]:
        """A fault; its row is complete when all within has held."""
        made = Row(fault, holds, time.monotonic())
        self._rows.append(made)
        yield made
        made.seconds = time.monotonic() - made.began


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FAULT_TABLE] = []


@pytest.fixture
def table(pytestconfig: pytest.Config) -> Table:
    return Table(pytestconfig.stash[FAULT_TABLE])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash[FAULT_TABLE]
    if not rows:
        return
    terminalreporter.section("faults")
    width = max(len(row.fault) for row in rows)
    for row in rows:
        took = "did not hold" if row.seconds is None else f"{row.seconds:6.1f} s"
        terminalreporter.write_line(f"{row.fault:<{width}}  {took:>12}  {row.held}")


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    with running_cloud("swarm-test-faults", 5105) as made:
        yield made


@pytest.fixture(scope="session")
def site(cloud: LocalCloud) -> Site:
    return make_site(cloud)
