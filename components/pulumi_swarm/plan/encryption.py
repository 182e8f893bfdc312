"""What cannot be had together with encrypted networks; Docker takes it and says nothing."""

from collections.abc import Iterable

from .machines import engine_is_at_least
from .nodes import NodePlan
from .ports import DEFAULT_DATA_PATH_PORT
from .reader import Reader

# moby#45636: before, a network on another port than 4789 was sent in clear (ES-4).
OTHER_PORT_ENGINE = (23,)


def check_encryption(
    reader: Reader,
    *,
    engine_version: str,
    data_path_port: int,
    data_path_addr: str,
    nodes: Iterable[NodePlan],
) -> None:
    """Hold the inputs that say where a node's packets go against its encryption.

    Docker makes the keys of a pair of nodes for the address from which the one reaches the other's
    managers, and sends their packets to the address that the other tells (libnetwork#2324,
    moby#41421; open since 2019). With two addresses to a node these are not the same.
    """
    port_is_safe = data_path_port == DEFAULT_DATA_PATH_PORT or engine_is_at_least(
        engine_version, OTHER_PORT_ENGINE
    )
    if not port_is_safe:
        floor = OTHER_PORT_ENGINE[0]
        reader.wrong(
            "data_path_port",
            f"must be {DEFAULT_DATA_PATH_PORT} with encrypted networks, unless engineVersion is at "
            f"least {floor}: older engines send them in clear",
            f"leave it out, or set engineVersion to {floor} or newer",
            data_path_port,
        )
    if data_path_addr:
        reader.wrong(
            "data_path_addr",
            "cannot be had with encrypted networks: what leaves by another interface than the one "
            "that managers are reached by leaves in clear",
            "leave it out, or encrypt no network and not the ingress",
            data_path_addr,
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
