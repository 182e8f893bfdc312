"""What the local cloud's API says should exist, as plain values."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a security group. ``protocol`` is a name or "-1" (all); ports are inclusive."""

    protocol: str
    from_port: int | None
    to_port: int | None
    networks: tuple[IPv4Network, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A security group: what it lets in and what it lets out."""

    group_id: str
    ingress: tuple[Rule, ...]
    egress: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """An EC2 instance: what a host must be to stand for it.

    ``engine`` is that of its image, one of lab.settings; ``role`` is that of its profile;
    ``autoscaling_group`` is empty for one that is in none.
    """

    instance_id: str
    name: str
    state: str
    address: IPv4Address
    second_addresses: tuple[IPv4Address, ...] = ()  # of its interface; the host sets them itself
    mac: str
    interface_id: str
    subnet: IPv4Network
    vpc_id: str
    zone: str
    image_id: str
    engine: str
    instance_type: str
    metadata_hop_limit: int
    metadata_tokens_required: bool
    groups: tuple[str, ...]
    autoscaling_group: str = ""
    target_lifecycle_state: str = ""
    taken_back_at: str = ""  # a spot instance, when EC2 has said that it will
    profile_arn: str = ""
    role: str | None = None
    user_data: bytes = field(repr=False)

    @property
    def addresses(self) -> tuple[IPv4Address, ...]:
        """All that its interface may send from and be reached by."""
        return (self.address, *self.second_addresses)

    @property
    def gateway(self) -> IPv4Address:
        """The subnet's router: its first host address, as in every VPC."""
        return self.subnet.network_address + 1

    @property
    def link(self) -> str:
        """The name of the host's link on the fabric (at most 15 bytes)."""
        return f"h{self.instance_id.removeprefix('i-')[-13:]}"

    @property
    def host_name(self) -> str:
        return "ip-" + str(self.address).replace(".", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that the reconciler acts upon."""

    instances: tuple[Instance, ...]
    groups: tuple[Group, ...]
    subnets: tuple[IPv4Network, ...]
