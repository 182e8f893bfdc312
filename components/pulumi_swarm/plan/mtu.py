"""The MTU of the path below the overlays, and what is left of it inside them."""

from collections.abc import Iterable

from .reader import Reader

VXLAN_OVERHEAD = 50  # 14 Ethernet + 20 IPv4 + 8 UDP + 8 VXLAN, in bytes (RFC 7348)
ESP_OVERHEAD = 26  # moby overlay/encryption.go, pktExpansion
ESP_ALIGNMENT = 4  # the same file: what is left is cut to a multiple of it
MIN_MTU = 576  # what every IPv4 host takes (RFC 791); Docker's gossip goes no lower than 500
AUTO = "auto"  # worked out, as when it is left out
MAX_MTU = 9216  # the largest jumbo frame in common use

# EC2 user guide, "Network maximum transmission unit (MTU) for your EC2 instance": every current
# generation carries 9001 inside a VPC, and of the previous ones all but these.
JUMBO_MTU = 9001
STANDARD_MTU = 1500
_FAMILIES_WITHOUT_JUMBO = frozenset(
    {"c1", "cc2", "cg1", "cr1", "g2", "hi1", "hs1", "m1", "m2", "t1"}
)


def underlay_mtu(instance_types: Iterable[str]) -> int:
    """What the path between instances of these types carries, in bytes."""
    families = {instance_type.partition(".")[0] for instance_type in instance_types}
    return STANDARD_MTU if families & _FAMILIES_WITHOUT_JUMBO else JUMBO_MTU


def inside_overlay(underlay: int, *, encrypted: bool) -> int:
    """What a container on an overlay gets of the path's MTU, in bytes (MT-1)."""
    inside = underlay - VXLAN_OVERHEAD
    if encrypted:
        inside -= ESP_OVERHEAD
        inside -= inside % ESP_ALIGNMENT
    return inside


def is_left_to_us(reader: Reader, name: str) -> bool:
    """Whether an MTU is not given, or is ``auto``."""
    return reader.raw(name) in (None, AUTO)


def read_mtu(reader: Reader, name: str, default: int) -> int:
    """An MTU of the path below; ``default`` when it is not given, or is ``auto``."""
    if is_left_to_us(reader, name):
        return default
    return reader.integer(
        name,
        MIN_MTU,
        low=MIN_MTU,
        high=MAX_MTU,
        unit="bytes",
        why="of the path between the nodes: 9001 inside a VPC, 1500 across a gateway",
    )


def read_mtu_within(reader: Reader, name: str, underlay: int) -> int:
    """An MTU that the path carries; with more, small packets pass and large ones hang (MT-3)."""
    mtu = read_mtu(reader, name, underlay)
    if mtu > underlay:
        reader.wrong(
            name,
            f"must be at most underlayMtu, {underlay} bytes, which is what the path carries",
            "leave it out, or set underlayMtu to what your path carries",
            mtu,
        )
    return mtu
