"""Three managers replaced in turn, beside the time that their machines need to boot."""

from tests.lab.cloud import LocalCloud, Stack

from .table import Row, Table, stopwatch

MANAGERS = 3
AIM = 1.3


def measure(table: Table, swarm: Stack, cloud: LocalCloud) -> None:
    """A manager's boot is what one replacement takes from its machine's start to its join."""
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
