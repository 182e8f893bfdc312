"""What a picture shows; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_swarm.plan.bodies import subnets_of
from pulumi_swarm.plan.overlay import ENCRYPTED_OPTION, MTU_OPTION
from pulumi_swarm.plan.ports import Role

OVER_THE_ZONES = "over the zones"  # where the machines of a pool are
Body = Mapping[str, Any]
STAYS = ""  # the change of what stays as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One node on its machine. ``change`` is in the words of a review, or empty."""

    name: str
    role: str
    zone: str
    change: str = STAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """One overlay network. ``users`` says who is attached, when a manager was asked."""

    name: str
    details: tuple[str, ...]
    users: str = ""
    change: str = STAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Traffic that a rule lets in."""

    text: str
    change: str = STAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A security group with what its rules let in. Its machines are those of ``role``, if any."""

    name: str
    role: Role | None
    openings: tuple[Opening, ...]
    change: str = STAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All of one swarm."""

    name: str
    machines: tuple[Machine, ...]
    networks: tuple[Net, ...]
    groups: tuple[Group, ...]

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones, in their order, each once."""
        return tuple(dict.fromkeys(sorted(machine.zone for machine in self.machines)))

    def machines_in(self, zone: str) -> Sequence[Machine]:
        """The machines of a zone: managers first."""
        return [machine for machine in self.machines if machine.zone == zone]

    def machines_of(self, group: Group) -> Sequence[Machine]:
        """The machines that a group is about. What is no manager is a worker, or a pool of them."""
        if group.role is None:
            return []
        is_manager = group.role is Role.MANAGER
        return [m for m in self.machines if (m.role == Role.MANAGER) is is_manager]


def pool_role(bounds: str) -> str:
    """What a pool is, by the fewest and the most machines of it."""
    return f"{bounds} {Role.WORKER}s"


def group_title(role: Role) -> str:
    """What the group of a role is called, whether it was made or given."""
    return f"security group of the {role}s"


def own_networks(
    ingress: tuple[Body | None, Body | None], gwbridge: tuple[Body | None, Body | None]
) -> Iterator[Net]:
    """The two networks that every node has, from what Docker is asked for: before, and after."""
    for kind, (before, after) in (("published ports", ingress), ("on every node", gwbridge)):
        body = after or before
        if body is not None:
            options = body.get("Options") or {}
            yield Net(
                name=str(body["Name"]),
                details=(
                    kind,
                    *subnets_of(body),
                    f"MTU {options.get(MTU_OPTION)}",
                    *(["encrypted"] if ENCRYPTED_OPTION in options else []),
                ),
                change=_change(before, after),
            )


def _change(before: Body | None, after: Body | None) -> str:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    return STAYS if before == after else "replaced"


def network_details(
    *,
    subnets: Sequence[str],
    mtu: object,
    encrypted: bool,
    attachable: bool,
    internal: bool,
    vnis: Sequence[int] = (),
) -> tuple[str, ...]:
    """What is said of a network, in the order of what people look for.

    ``vnis`` are its VXLAN ids, one for each subnet, which swarm chooses when the network is made.
    """
    kind = "attachable" if attachable else "for services"
    return (
        kind,
        ", ".join(subnets) or "subnet from the pool",
        f"MTU {mtu}" if mtu else "MTU of Docker",
        *(["encrypted"] if encrypted else []),
        *(["internal"] if internal else []),
        *([f"VNI {', '.join(map(str, vnis))}"] if vnis else []),
    )
