"""What the machines are."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .access import Access, AccessPlan
from .images import INSTANCE_TYPE_PATTERN, OperatingSystem, architecture, has_ssm_agent
from .mtu import read_mtu, underlay_mtu
from .ports import Role
from .reader import Reader
from .user_data import Part, read_parts

DEFAULT_INSTANCE_TYPE = "t3.small"  # 2 GiB: dockerd and raft with room for a small service
DEFAULT_ROOT_VOLUME_GIB = 20
DEFAULT_BOOT_TIMEOUT_SECONDS = 600  # a cold boot that installs packages takes two to four minutes
DEFAULT_REAP_AFTER_SECONDS = 900  # longer than a reboot, a slow one too, and most partitions
ENGINE_VERSION_PATTERN = r"\d+\.\d+(\.\d+)?"
OLDEST_ENGINE = (20, 10)  # the oldest that a supported system ships, and that Node speaks with


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePlan:
    """What the machines are."""

    manager_instance_type: str
    worker_instance_type: str
    operating_system: OperatingSystem
    root_volume_size_gib: int
    engine_version: str
    boot_timeout_seconds: int
    reap_after_seconds: int
    underlay_mtu: int
    user_data_parts: tuple[Part, ...]

    def instance_type(self, role: Role) -> str:
        """The EC2 instance type of a role's machines."""
        types = {Role.MANAGER: self.manager_instance_type, Role.WORKER: self.worker_instance_type}
        return types[role]


def read_machines(
    reader: Reader, access: AccessPlan, pool_types: Iterable[str] = ()
) -> MachinePlan:
    """Instance types, system, disk, engine and patience; ``pool_types`` are those of the pools."""
    types = {
        name: reader.text(
            name,
            DEFAULT_INSTANCE_TYPE,
            pattern=INSTANCE_TYPE_PATTERN,
            allowed="must be an EC2 instance type, such as t3.small or m7g.large",
            remedy="write family and size with a dot between them",
        )
        for name in ("manager_instance_type", "worker_instance_type")
    }
    system = reader.choice("operating_system", OperatingSystem.DEBIAN_12)
    if access.access is Access.SSM and not reader.has("ami") and not has_ssm_agent(system):
        reader.wrong(
            "operating_system",
            "must have the SSM agent in its stock image with access: ssm",
            "choose ubuntu-24.04 or amazon-linux-2023, or give an ami that has it",
            system.value,
        )
    used = [types["worker_instance_type"], *pool_types]
    if reader.has("ami") and {architecture(types["manager_instance_type"])} != set(
        map(architecture, used)
    ):
        reader.wrong(
            "worker_instance_type",
            "must have the managers' processor, as those of all pools, when one ami serves all",
            "choose types of one architecture",
            ", ".join(used),
        )
    return MachinePlan(
        manager_instance_type=types["manager_instance_type"],
        worker_instance_type=types["worker_instance_type"],
        operating_system=system,
        root_volume_size_gib=reader.integer(
            "root_volume_size_gib",
            DEFAULT_ROOT_VOLUME_GIB,
            low=8,
            high=16384,
            unit="GiB",
            why="images need 8, gp3 ends at 16 TiB",
        ),
        engine_version=_engine_version(reader),
        boot_timeout_seconds=reader.integer(
            "boot_timeout_seconds",
            DEFAULT_BOOT_TIMEOUT_SECONDS,
            low=60,
            high=3600,
            unit="seconds",
            why="a boot takes minutes, not hours",
        ),
        reap_after_seconds=reader.integer(
            "reap_after_seconds",
            DEFAULT_REAP_AFTER_SECONDS,
            low=30,
            high=86400,
            unit="seconds",
            why="a machine that is off for less comes back as the node it was",
        ),
        underlay_mtu=_underlay_mtu(reader, [*types.values(), *pool_types]),
        user_data_parts=read_parts(reader),
    )


def engine_is_at_least(engine_version: str, floor: tuple[int, ...]) -> bool:
    """Whether a version that was asked for is new enough; one that was not asked for is not.

    Without its third number it is the newest of its kind, as packages are installed.
    """
    numbers = tuple(map(int, engine_version.split("."))) if engine_version else ()
    return bool(numbers) and (*numbers, *[math.inf] * (3 - len(numbers))) >= floor


def _engine_version(reader: Reader) -> str:
    version = reader.text(
        "engine_version",
        "",
        pattern=ENGINE_VERSION_PATTERN,
        allowed="must be a version of Docker Engine, such as 29.1 or 29.1.3",
        remedy="leave it out for the distribution's own package",
    )
    if version and not engine_is_at_least(version, OLDEST_ENGINE):
        reader.wrong(
            "engine_version",
            f"must be at least {'.'.join(map(str, OLDEST_ENGINE))}, the oldest whose API is spoken "
            "here",
            "choose a newer one, or leave it out for the distribution's own package",
        )
    return version


def _underlay_mtu(reader: Reader, instance_types: Iterable[str]) -> int:
    carried = underlay_mtu(instance_types)
    found = read_mtu(reader, "underlay_mtu", carried)
    if found > carried:
        reader.wrong(
            "underlay_mtu",
            f"must be at most {carried}, which is what these instance types carry",
            "leave it out, or choose other instance types",
        )
    return found
