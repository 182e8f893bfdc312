"""What every test has: no settings of the user, and markers for those that stand apart."""

import os

import pytest

# Settings that would make a test depend on who runs it.
FOREIGN_PREFIXES = ("AWS_", "DOCKER_", "PULUMI_", "SWARM_")


def clean_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN_PREFIXES)}


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(FOREIGN_PREFIXES):
            monkeypatch.delenv(name)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "last: ends what other tests of its folder use")
    config.addinivalue_line("markers", "own_cloud: a file of tests/lab with a cloud of its own")
    config.addinivalue_line("markers", "shared_cloud: the other tests there (set by itself)")


@pytest.hookimpl(tryfirst=True)  # before pytest selects by markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)
    for item in items:
        if item.path.parent.name == "lab" and item.get_closest_marker("own_cloud") is None:
            item.add_marker(pytest.mark.shared_cloud)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of faults: what was injected, how long until all held again, and what held."""
    rows = [
        value
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
        for name, value in report.user_properties
        if name == "fault"
    ]
    if not rows:
        return
    terminalreporter.section("faults")
    width = max(len(fault) for fault, _, _ in rows)
    for fault, seconds, held in rows:
        took = "did not hold" if seconds is None else f"{seconds:6.1f} s"
        terminalreporter.write_line(f"{fault:<{width}}  {took:>12}  {held}")
