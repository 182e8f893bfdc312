"""What the machines are."""

from dataclasses import dataclass

from .access import Access, AccessPlan
from .images import INSTANCE_TYPE_PATTERN, OperatingSystem, architecture, has_ssm_agent
from .reader import Reader

DEFAULT_INSTANCE_TYPE = "t3.small"  # 2 GiB: dockerd and raft with room for a small service
DEFAULT_ROOT_VOLUME_GIB = 20
DEFAULT_BOOT_TIMEOUT_SECONDS = 600  # a cold boot that installs packages takes two to four minutes
ENGINE_VERSION_PATTERN = r"\d+\.\d+(\.\d+)?"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePlan:
    """What the machines are."""

    manager_instance_type: str
    worker_instance_type: str
    operating_system: OperatingSystem
    root_volume_size_gib: int
    engine_version: str
    boot_timeout_seconds: int


def read_machines(reader: Reader, access: AccessPlan) -> MachinePlan:
    """Instance types, system, disk, engine and patience."""
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
    if reader.has("ami") and architecture(types["manager_instance_type"]) is not architecture(
        types["worker_instance_type"]
    ):
        reader.wrong(
            "worker_instance_type",
            "must have the managers' processor when one ami serves both",
            "choose types of one architecture",
            types["worker_instance_type"],
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
        engine_version=reader.text(
            "engine_version",
            "",
            pattern=ENGINE_VERSION_PATTERN,
            allowed="must be a version of Docker Engine, such as 29.1 or 29.1.3",
            remedy="leave it out for the distribution's own package",
        ),
        boot_timeout_seconds=reader.integer(
            "boot_timeout_seconds",
            DEFAULT_BOOT_TIMEOUT_SECONDS,
            low=60,
            high=3600,
            unit="seconds",
            why="a boot takes minutes, not hours",
        ),
    )
