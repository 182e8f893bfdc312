"""A swarm gets Docker's current engine by another image and raised generations, node by node."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import docker_engine, root
from lab.settings import CURRENT_ENGINE, DEBIANS_ENGINE
from pulumi_swarm.review.sentences import NETWORK
from tests.lab.cloud import LocalCloud, Stack, eventually, running_cloud, verify
from tests.lab.containers import MANAGER, service

pytestmark = [
    pytest.mark.own_cloud,
    pytest.mark.skipif(shutil.which("go") is None, reason="without Go there is no other engine"),
]

IMAGE = "debian-12-amd64-current-docker"
NODES = 5


@pytest.fixture
def own_cloud() -> Iterator[LocalCloud]:
    root.build(CURRENT_ENGINE)  # takes longer than a machine has for its boot
    with running_cloud("swarm-test-engine", 5109, DEBIANS_ENGINE) as made:
        yield made


def engines(cloud: LocalCloud) -> list[str]:
    """The engine of every node on the managers' list."""
    shown = cloud.on(MANAGER, "docker", "node", "ls", "--format", "{{.EngineVersion}}")
    return shown.split()


def local_ranges(cloud: LocalCloud) -> list[str]:
    """The ranges of a manager's docker0 and docker_gwbridge."""
    shown = ("docker", "network", "inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}")
    return cloud.on(MANAGER, *shown, "bridge", "docker_gwbridge").split()


@pytest.mark.timeout(1800)  # the engine is built first, where no cache has it
def test_swarm_moves_to_the_current_engine_and_keeps_its_networks_and_services_pd_16_ap_8(
    own_cloud: LocalCloud, tmp_path: Path
) -> None:
    stack = Stack(tmp_path, own_cloud)
    stack.up()
    assert len(engines(own_cloud)) == NODES
    assert not any(version.startswith(docker_engine.VERSION) for version in engines(own_cloud))
    ids, local = stack.outputs()["network_ids"], local_ranges(own_cloud)
    found = own_cloud.aws("ec2").describe_images(Filters=[{"Name": "name", "Values": [IMAGE]}])
    with service(own_cloud, "stays", "--network", "app", "--replicas", "2"):
        stack.configure(ami=found["Images"][0]["ImageId"], managerGeneration=2, workerGeneration=2)
        changes = stack.preview()
        assert NETWORK not in {kind for kind, _ in changes}
        stack.up()
        assert engines(own_cloud) == [docker_engine.VERSION] * NODES
        running = ("docker", "service", "ls", "--format", "{{.Name}} {{.Replicas}}")
        said = "both tasks of the service run on new machines"
        eventually(lambda: own_cloud.on(MANAGER, *running).strip() == "stays 2/2", 60, said)
        code, matrix = verify(stack, "app", "shared")
        assert code == 0, matrix
    assert stack.outputs()["network_ids"] == ids
    assert local_ranges(own_cloud) == local  # what Docker takes them from has changed since 27
    stack.refresh()
    assert stack.preview() == {}
    stack.destroy()
