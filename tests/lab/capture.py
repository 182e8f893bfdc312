"""Packets on the fabric between the hosts, outside any of them."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lab import namespace, root
from tests.lab.cloud import PATIENCE, LocalCloud

SETTLE_SECONDS = 0.7 * PATIENCE  # tcpdump prints what it has when it is told to end


@contextmanager
def vxlan_packets(cloud: LocalCloud, vni: int) -> Iterator[list[str]]:
    """What crosses the fabric in clear for one VXLAN network while the block runs."""
    # Bytes 12 to 14 of the UDP datagram: its header has 8, VXLAN's flags 4 (RFC 7348).
    with _packets(cloud, f"udp dst port 4789 and udp[12:4] >> 8 == {vni}", "VXLAN") as found:
        yield found


@contextmanager
def esp_packets(cloud: LocalCloud) -> Iterator[list[str]]:
    """What crosses the fabric by IPsec while the block runs."""
    with _packets(cloud, "ip proto 50", "ESP(") as found:
        yield found


@contextmanager
def _packets(cloud: LocalCloud, expression: str, shown: str) -> Iterator[list[str]]:
    found: list[str] = []
    process = subprocess.Popen(
        [
            *namespace.enter(cloud.config.fabric),
            *("chroot", str(root.build()), "tcpdump", "-Z", "root", "-lnni", "any", expression),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "listening on" not in process.stderr.readline():
        pass
    try:
        yield found
        time.sleep(SETTLE_SECONDS)
    finally:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10 * PATIENCE)
        found += [line for line in output.splitlines() if shown in line]
