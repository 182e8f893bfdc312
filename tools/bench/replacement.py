"""Three managers replaced in turn, beside their machines' boots, while a service is asked."""

from tests.lab.asking import asked_from_outside, site_on_workers
from tests.lab.cloud import LocalCloud, Stack, eventually

from .table import Row, Table, stopwatch

MANAGERS = 3
AIM = 1.3


def measure(table: Table, swarm: Stack, cloud: LocalCloud) -> None:
    """A manager's boot is what one replacement takes from its machine's start to its join."""
    with site_on_workers(swarm, cloud) as port, asked_from_outside(cloud, port) as requests:
        eventually(lambda: requests.asked > requests.lost, 30, "the service answers")
        lost_before = requests.lost
        with stopwatch() as seconds:
            swarm.configure(managerGeneration=2)
            swarm.up()
    booted = sum(_boot_seconds(cloud, f"swarm-manager-{i}") for i in range(MANAGERS))
    table.add(
        Row(
            work="three managers replaced in turn",
            ours=seconds(),
            against="their boots, one after the other",
            theirs=booted,
            at_most=AIM,
        )
    )
    table.add(
        Row(
            work="requests to a service that were lost meanwhile",
            ours=requests.lost - lost_before,
            against="all of them",
            theirs=requests.asked,
            unit="",
            at_most=0.0,
        )
    )
    swarm.keep(managerGeneration=2)


def _boot_seconds(cloud: LocalCloud, host: str) -> float:
    """From the start of a machine's systemd until the bootstrap says that it is in the swarm."""
    said = cloud.on(host, "journalctl", "-o", "short-monotonic", "--no-pager", "-b")
    lines = said.splitlines()
    times = [float(line.split("]")[0].strip("[ ")) for line in lines if line.startswith("[")]
    joined = next(
        float(line.split("]")[0].strip("[ ")) for line in lines if "is in the swarm" in line
    )
    return joined - times[0]
