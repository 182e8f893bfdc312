"""What a picture shows; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

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
class Picture:
    """All of one swarm."""

    name: str
    machines: tuple[Machine, ...]
    networks: tuple[Net, ...]
    openings: tuple[Opening, ...]

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones, in their order, each once."""
        return tuple(dict.fromkeys(sorted(machine.zone for machine in self.machines)))

    def machines_in(self, zone: str) -> Sequence[Machine]:
        """The machines of a zone: managers first."""
        return [machine for machine in self.machines if machine.zone == zone]


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
