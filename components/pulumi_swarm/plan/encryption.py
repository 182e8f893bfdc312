"""What cannot be had together with encrypted networks; Docker takes it and says nothing."""

from collections.abc import Iterable

from .daemon import DaemonPlan
from .machines import MachinePlan, engine_is_at_least
from .nodes import NodePlan
from .ports import DEFAULT_DATA_PATH_PORT
from .reader import Reader
from .swarm import SwarmPlan

# Release notes of Docker Engine 24.0.3, moby#45636: before, packets to another port than 4789 were
# sent in clear (ES-4).
OTHER_PORT_ENGINE = (24, 0, 3)
# CVE-2023-28840 to 28842: before, packets were sent and taken in clear where the kernel or iptables
# could not tell them apart (ES-13). Two series had it, and were mended by these.
MENDED_ENGINES = ((20, 10, 24), (23, 0, 3))


def check_encryption(
    reader: Reader,
    machines: MachinePlan,
    swarm: SwarmPlan,
    daemon: DaemonPlan,
    nodes: Iterable[NodePlan],
) -> None:
    """Hold the inputs that say where a node's packets go against its encryption.

    Docker makes the keys of a pair of nodes for the address from which the one reaches the other's
    managers, and sends their packets to the address that the other tells (libnetwork#2324,
    moby#41421; open since 2019). With two addresses to a node these are not the same.
    """
    engine_version, data_path_port = machines.engine_version, swarm.data_path_port
    if reader.has("ami") and engine_version.count(".") == 1:
        engine_version += ".0"  # of 24.0 packages are the newest; an image may hold the first
    port_is_safe = data_path_port == DEFAULT_DATA_PATH_PORT or engine_is_at_least(
        engine_version, OTHER_PORT_ENGINE
    )
    if not port_is_safe:
        floor = ".".join(map(str, OTHER_PORT_ENGINE))
        reader.wrong(
            "data_path_port",
            f"must be {DEFAULT_DATA_PATH_PORT} with encrypted networks, unless engineVersion is at "
            f"least {floor}: older engines send them in clear",
            f"leave it out, or set engineVersion to {floor} or newer",
            data_path_port,
        )
    if _may_send_in_clear(engine_version):
        reader.wrong(
            "engine_version",
            "must be at least 20.10.24, or 23.0.3, with encrypted networks: older engines may send "
            "them in clear without a word (CVE-2023-28840)",
            "choose a newer one, or leave it out for the distribution's own package",
        )
    if daemon.data_path_addr:
        reader.wrong(
            "data_path_addr",
            "cannot be had with encrypted networks: what leaves by another interface than the one "
            "that managers are reached by leaves in clear",
            "leave it out, or encrypt no network and not the ingress",
        )
    for node in nodes:
        if node.advertise_addr is not None:
            reader.problems.add(
                f"{reader.path('node_advertise_addrs')}.{node.key}",
                str(node.advertise_addr),
                "cannot be had with encrypted networks: the node has no key for what is sent to "
                "a second address of it",
                "leave it out, or encrypt no network and not the ingress",
            )


def _may_send_in_clear(engine_version: str) -> bool:
    return any(
        engine_version.startswith(f"{mended[0]}.")
        and not engine_is_at_least(engine_version, mended)
        for mended in MENDED_ENGINES
    )
