"""A stack that an earlier version made goes on with this one, and no machine is replaced for it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.cloud import ROOT, LocalCloud, Stack, running_cloud
from tests.lab.containers import MANAGER

pytestmark = pytest.mark.own_cloud

# Nothing was released yet: the first commit whose machines AWS lets put the join tokens away (it
# refuses a PutSecretValue without its ClientRequestToken, and so does the local cloud). A release
# puts its own tag here.
EARLIER = "7a6f7be"


@pytest.fixture
def earlier(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "earlier"
    git = ("git", "-C", str(ROOT), "worktree")
    added = subprocess.run(
        [*git, "add", "--quiet", "--detach", str(folder), EARLIER],
        text=True,
        capture_output=True,
        check=False,
    )
    if added.returncode != 0:
        assert "CI" not in os.environ, f"CI needs the whole history: {added.stderr}"
        pytest.skip(f"this clone has no history to take an earlier version from: {added.stderr}")
    yield folder
    subprocess.run([*git, "remove", "--force", str(folder)], check=True)


@pytest.fixture
def own_cloud() -> Iterator[LocalCloud]:
    with running_cloud("swarm-test-update", 5108) as made:
        yield made


def test_stack_of_an_earlier_version_goes_on_without_a_replacement(
    earlier: Path, own_cloud: LocalCloud, tmp_path: Path
) -> None:
    stack = Stack(tmp_path, own_cloud, source=earlier)
    stack.configure(managerCount=1, workerCount=1)
    stack.up()
    assert stack.preview() == {}
    before = stack.outputs()["node_ids"]
    stack.use(ROOT)
    changes = stack.preview()
    assert set(changes.values()) <= {"create", "update"}, changes
    stack.up()
    assert stack.preview() == {}
    assert stack.outputs()["node_ids"] == before
    listing = ("docker", "node", "ls", "--format", "{{.Hostname}}")
    assert sorted(own_cloud.on(MANAGER, *listing).split()) == [MANAGER, "swarm-worker-0"]
    stack.destroy()
