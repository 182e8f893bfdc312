"""Decisions about nodes from what a manager lists; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_swarm.plan.daemon import POOL_LABEL
from pulumi_swarm.plan.nodes import parse_node_name, quorum, survives_loss_of_one
from pulumi_swarm.plan.ports import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A node as a manager sees it; ``pool`` is that of an auto-scaling group's machine.

    Its ``role`` is what it shall be; a manager that counts for the quorum is ``in_raft``.
    ``created`` is when it came onto the list, in RFC 3339 (UTC), so that texts compare as times do.
    """

    node_id: str
    hostname: str
    address: str
    role: str
    availability: str
    labels: Mapping[str, str]
    state: str
    reachable: bool
    in_raft: bool = False
    pool: str = ""
    created: str = ""

    @property
    def down(self) -> bool:
        """Whether managers have given up hearing of it."""
        return self.state == "down"

    @property
    def ready(self) -> bool:
        """Ready and, for a manager, Reachable too."""
        return self.state == "ready" and (self.role != Role.MANAGER or self.reachable)

    def __str__(self) -> str:
        reach = (
            f", {'' if self.reachable else 'not '}reachable" if self.role == Role.MANAGER else ""
        )
        return f"{self.hostname} ({self.role}, {self.state}{reach})"


def member(found: Mapping[str, Any]) -> Member:
    """From the Docker API's Node object."""
    manager = found.get("ManagerStatus") or {}
    # Of a manager, Status.Addr may be the address of its own loopback (moby#35437).
    address = (
        manager["Addr"].rpartition(":")[0]
        if manager.get("Addr")
        else found["Status"].get("Addr", "")
    )
    return Member(
        node_id=found["ID"],
        hostname=found["Description"].get("Hostname", ""),
        address=address,
        role=found["Spec"]["Role"],
        availability=found["Spec"]["Availability"],
        labels=found["Spec"].get("Labels") or {},
        state=found["Status"]["State"],
        reachable=manager.get("Reachability") == "reachable",
        in_raft=bool(manager),
        pool=(found["Description"].get("Engine", {}).get("Labels") or {}).get(POOL_LABEL, ""),
        created=found.get("CreatedAt", ""),
    )


def arrived(members: Sequence[Member], address: str, role: str) -> Member | None:
    """The node at an address, once it is what it should be.

    Of several, the newest: one that was rebooted while it joined is on the list twice, and managers
    take the life before for ready until it has missed its heartbeats. Not one of a pool: AWS may
    give a machine of a pool the address of one that is gone.
    """
    there = [m for m in at_address(members, address) if m.role == role and m.ready]
    return max(there, key=lambda m: m.created, default=None)


def at_address(members: Sequence[Member], address: str) -> list[Member]:
    """The nodes at an address, but for machines of pools."""
    return [m for m in members if m.address == address and not m.pool]


def phantoms(members: Sequence[Member], arrived_member: Member) -> list[Member]:
    """Others at the address of one that has arrived, down or older: its lives before (QR-4)."""
    return [
        m
        for m in members
        if m.address == arrived_member.address
        and m.node_id != arrived_member.node_id
        and (m.down or m.created < arrived_member.created)
    ]


def why_not_removable(members: Sequence[Member], leaving: Member) -> str | None:
    """Why a manager must not go, or None when it may."""
    if not leaving.in_raft:
        return None
    managers = [m for m in members if m.in_raft]
    if len(managers) == 1:
        return (
            f"{leaving.hostname} is the only manager, and the swarm would be lost with it; add "
            "managers first, or destroy the stack"
        )
    reachable = [m for m in managers if m.reachable]
    if leaving.reachable and not survives_loss_of_one(len(managers), len(reachable)):
        return (
            f"removing {leaving.hostname} would break the quorum: of {len(managers)} managers "
            f"{len(reachable)} are reachable, and the {len(managers) - 1} that stay need "
            f"{quorum(len(managers) - 1)}; repair the others first"
        )
    return None


def why_not_shrinkable(members: Sequence[Member], keep: int) -> str | None:
    """Why the managers from number ``keep`` on cannot all go, or None when they can.

    Those that do not answer go first: each that does then leaves more behind.
    """
    staying = list(members)
    leaving = [m for m in members if m.in_raft and _number(m) >= keep]
    for gone in sorted(leaving, key=lambda m: m.reachable):
        if reason := why_not_removable(staying, gone):
            return reason
        staying.remove(gone)
    return None


def _number(manager: Member) -> int:
    """That of a manager's name; of a foreign one none, so that it stays."""
    name = parse_node_name(manager.hostname)
    return name.index if name is not None and name.role is Role.MANAGER else -1


def describe(members: Sequence[Member]) -> str:
    """What was seen, in one line."""
    return ", ".join(str(m) for m in members) or "no node at all"
