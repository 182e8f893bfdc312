"""A swarm gets Docker's current engine and another bridge by raised generations, node by node."""

import shutil
from collections.abc import Iterator
from ipaddress import IPv4Network
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
BRIDGE = IPv4Network("192.168.8.0/22")


@pytest.fixture
def own_cloud() -> Iterator[LocalCloud]:
    root.build(CURRENT_ENGINE)  # takes longer than a machine has for its boot
    with running_cloud("swarm-test-engine", 5109, DEBIANS_ENGINE) as made:
        yield made


def engines(cloud: LocalCloud) -> list[str]:
    """The engine of every node on the managers' list."""
    shown = cloud.on(MANAGER, "docker", "node", "ls", "--format", "{{.EngineVersion}}")
    return shown.split()


def ranges_of(cloud: LocalCloud, name: str) -> set[str]:
    """The ranges that a network of single hosts has on them."""
    shown = ("docker", "network", "inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}", name)
    return {cloud.on(host, *shown).strip() for host in cloud.hosts()}


@pytest.mark.timeout(1800)  # the engine is built first, where no cache has it
def test_swarm_moves_to_the_current_engine_and_keeps_its_networks_and_services_pd_16_ap_8_gw_6(
    own_cloud: LocalCloud, tmp_path: Path
) -> None:
    stack = Stack(tmp_path, own_cloud)
    stack.up()
    assert len(engines(own_cloud)) == NODES
    assert not any(version.startswith(docker_engine.VERSION) for version in engines(own_cloud))
    ids, docker0 = stack.outputs()["network_ids"], ranges_of(own_cloud, "bridge")
    found = own_cloud.aws("ec2").describe_images(Filters=[{"Name": "name", "Values": [IMAGE]}])
    with service(own_cloud, "stays", "--network", "app", "--replicas", "2"):
        stack.configure(
            ami=found["Images"][0]["ImageId"],
            dockerGwbridge={"subnet": str(BRIDGE)},
            managerGeneration=2,
            workerGeneration=2,
        )
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
    assert ranges_of(own_cloud, "docker_gwbridge") == {str(BRIDGE)}
    # What Docker takes it from has changed with 27.
    assert ranges_of(own_cloud, "bridge") == docker0
    stack.refresh()
    assert stack.preview() == {}
    stack.destroy()
