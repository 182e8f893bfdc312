"""What happens to a swarm that lives: machines are lost, and it comes back."""

from lab.settings import BUSYBOX_IMAGE
from tests.lab.cloud import LocalCloud, Stack, eventually
from tests.lab.containers import MANAGER, container, networks, ready

LOST = ("swarm-manager-1", "swarm-manager-2")


def listed(cloud: LocalCloud) -> list[str]:
    names = cloud.on(MANAGER, "docker", "node", "ls", "--format", "{{.Hostname}}")
    return sorted(names.split())


def test_quorum_lost_for_good_is_mended_as_the_message_says_qr_2(
    stack: Stack, swarm: LocalCloud
) -> None:
    before = networks(swarm, MANAGER)
    hosts = swarm.hosts()
    swarm.aws("ec2").terminate_instances(InstanceIds=[hosts[name]["instance"] for name in LOST])
    eventually(lambda: not swarm.succeeds(MANAGER, "docker", "node", "ls"), 60, "it is noticed")
    command = ("refresh", "--stack", stack.name, "--yes", "--skip-preview")
    refused = stack.pulumi(*command, check=False)
    assert "the swarm has lost its quorum" in refused.stdout + refused.stderr
    stack.login(MANAGER, "docker", "swarm", "init", "--force-new-cluster")
    stack.refresh()
    stack.up()
    assert stack.preview() == {}
    assert networks(swarm, MANAGER) == before
    everyone = sorted([MANAGER, *LOST, "swarm-worker-0", "swarm-worker-1"])
    eventually(lambda: sorted(ready(swarm)) == everyone, 60, "all are ready")
    assert listed(swarm) == everyone  # and nobody else is on the list
    with container(swarm, "swarm-worker-1", "far", "shared") as address:
        ping = ("ping", "-c1", "-w20", address)
        run = ("docker", "run", "--rm", "--network", "shared", BUSYBOX_IMAGE, *ping)
        swarm.on("swarm-manager-2", *run)
