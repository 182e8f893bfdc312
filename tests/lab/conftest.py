"""One cloud and one swarm for all tests of this folder; both are gone afterwards."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import pytest

from lab.settings import DEBIANS_ENGINE
from tests.lab.cloud import ENGINE, Changes, LocalCloud, Stack, running_cloud


@dataclass(frozen=True)
class FirstRun:
    """The local stack from nothing, and what each step of the way showed."""

    stack: Stack
    cloud: LocalCloud
    preview_of_nothing: Changes
    after_up: Changes
    refresh: str
    after_refresh: Changes


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    # A name for each engine, so that both may be tested at one time.
    name, port = ("swarm-test", 5101) if ENGINE == DEBIANS_ENGINE else ("swarm-test-current", 5107)
    with running_cloud(name, port) as made:
        yield made


@pytest.fixture(scope="session")
def first_run(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    stack = Stack(tmp_path_factory.mktemp("stack"), cloud)
    assert cloud.hosts() == {}
    preview_of_nothing = stack.preview()
    stack.up()
    return FirstRun(
        stack=stack,
        cloud=cloud,
        preview_of_nothing=preview_of_nothing,
        after_up=stack.preview(),
        refresh=stack.refresh(),
        after_refresh=stack.preview(),
    )


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def stack(first_run: FirstRun, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack, with its configuration put back afterwards."""
    yield first_run.stack
    first_run.stack.configure()
    if request.node.stash[FAILED]:
        first_run.stack.attempt("up")  # so that what one test left behind fails no other


@pytest.fixture
def swarm(first_run: FirstRun) -> LocalCloud:
    """The cloud with the swarm on it."""
    return first_run.cloud
