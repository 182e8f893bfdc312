"""The network of the machines: one to make, or one that exists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network

from .access import Access
from .addresses import (
    DEFAULT_VPC,
    MAX_SUBNET_PREFIX,
    MAX_VPC_PREFIX,
    MIN_VPC_PREFIX,
    SUBNET_SHARE_BITS,
    ZONES_PER_VPC,
    is_private,
)
from .problems import Problems
from .reader import Reader
from .tags import read_tags


class Nat(StrEnum):
    """How private subnets reach the internet."""

    NONE = "none"
    SINGLE = "single"
    PER_ZONE = "per-zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcPlan:
    """The network of the machines: one to make, or one that exists (``vpc_id``)."""

    vpc_id: str | None
    subnet_ids: tuple[str, ...]
    cidr: IPv4Network
    zones: tuple[str, ...]
    zone_count: int
    nat: Nat
    public: bool
    tags: Mapping[str, str]


def first_zones(available: Sequence[str], count: int, problems: Problems) -> list[str]:
    """As many of a region's zones as subnets were cut for; some accounts have two of a region."""
    if len(available) < count:
        problems.add(
            "availabilityZones",
            ", ".join(available),
            f"must be given: the region has fewer than {count} zones for this account",
            "name those to use",
        )
    return list(available[:count])


def read_vpc(values: object, known: Sequence[str], problems: Problems) -> VpcPlan:
    """Read the args of a network that stands alone."""
    reader = Reader(values, known, problems)
    return read_vpc_of(reader, reader.choice("access", Access.PUBLIC))


def read_vpc_of(reader: Reader, access: Access) -> VpcPlan:
    """The network that fits a way of access."""
    public = access is Access.PUBLIC
    own = reader.has("vpc_id")
    cidr = _cidr(reader, own=own)
    zones = reader.strings("availability_zones")
    if len(zones) > ZONES_PER_VPC or len(set(zones)) != len(zones):
        reader.wrong(
            "availability_zones",
            f"must be at most {ZONES_PER_VPC} different zones",
            "leave some out",
        )
        zones = ()
    if public and not own and reader.raw("nat") not in (None, Nat.NONE):
        reader.wrong(
            "nat", "has no use with access: public, whose machines have addresses", "leave it out"
        )
    for name in ("availability_zones", "nat"):
        if own and reader.has(name):
            reader.wrong(name, "has no use with vpc_id, whose subnets exist", "leave it out")
    subnet_ids = reader.strings("subnet_ids")
    if own and not reader.raw("subnet_ids"):
        reader.wrong("subnet_ids", "must be given with vpcId", "name the subnets for the machines")
    if own and not reader.has("vpc_cidr"):
        reader.wrong("vpc_cidr", "must be given with vpcId", "give the range of that VPC")
    if subnet_ids and not own:
        reader.wrong("subnet_ids", "needs vpcId", "give the VPC of these subnets")
    return VpcPlan(
        vpc_id=reader.text("vpc_id", "") or None,
        subnet_ids=subnet_ids,
        cidr=cidr,
        zones=zones,
        zone_count=len(zones) or ZONES_PER_VPC,
        nat=reader.choice("nat", Nat.NONE if public else Nat.SINGLE),
        public=public,
        tags=read_tags(reader),
    )


def _cidr(reader: Reader, *, own: bool) -> IPv4Network:
    cidr = reader.network("vpc_cidr", DEFAULT_VPC)
    longest, why = MAX_VPC_PREFIX, "as the range of every VPC"
    if not own:
        longest -= SUBNET_SHARE_BITS
        why = f"since it is cut in eight subnets, and AWS has none below /{MAX_SUBNET_PREFIX}"
    if not MIN_VPC_PREFIX <= cidr.prefixlen <= longest:
        allowed = f"must be from /{MIN_VPC_PREFIX} to /{longest}, {why}"
        reader.wrong("vpc_cidr", allowed, "choose another prefix length")
    if not is_private(cidr):
        reader.wrong("vpc_cidr", "must be a private range", "choose a part of 10.0.0.0/8")
    return cidr
