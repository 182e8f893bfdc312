"""Time the main jobs; prints a table and ends with 1 when an aim is missed.

Usage: python -m tools.bench [PART ...], where a part is one of swarms, replacement, networks,
overlays, previews and unchanged; all of them when none is named.
"""

import sys
import tempfile
from pathlib import Path

from tests.lab.cloud import LocalCloud, Stack, running_cloud

from . import networks, overlays, previews, replacement, swarms, unchanged
from .table import Table

PARTS = ("swarms", "replacement", "networks", "overlays", "previews", "unchanged")
WITHOUT_HOSTS = {"unchanged"}
WITHOUT_SWARM = {"previews", *WITHOUT_HOSTS}


def main(parts: list[str]) -> int:
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if set(parts) - WITHOUT_HOSTS:
            with running_cloud("swarm-bench", 5110) as cloud:
                _on_hosts(table, cloud, folder, parts)
        if "unchanged" in parts:
            unchanged.measure(table, folder / "unchanged")
    return int(any(row.verdict.endswith("NO") for row in table.rows))


def _on_hosts(table: Table, cloud: LocalCloud, folder: Path, parts: list[str]) -> None:
    if set(parts) - WITHOUT_SWARM:
        (folder / "swarm").mkdir()
        swarm = Stack(folder / "swarm", cloud)
        seconds = swarms.ours(swarm)
        if "swarms" in parts:
            (folder / "ansible").mkdir()
            swarms.measure(table, cloud, folder / "ansible", seconds)
        if "replacement" in parts:  # before raft's log tells of hundreds of networks
            replacement.measure(table, swarm, cloud)
        if "networks" in parts:
            networks.measure(table, swarm, cloud, folder / "networks")
        if "overlays" in parts:
            overlays.measure(table, swarm, cloud)
        swarm.destroy()
    if "previews" in parts:
        previews.measure(table, cloud, folder / "previews")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(PARTS)))
