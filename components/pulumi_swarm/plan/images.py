"""Operating systems: where their newest image is found, and what its processor is."""

import re
from dataclasses import dataclass
from enum import StrEnum


class OperatingSystem(StrEnum):
    """What the nodes run; each has a public SSM parameter with its newest image."""

    DEBIAN_12 = "debian-12"
    DEBIAN_13 = "debian-13"
    UBUNTU_24_04 = "ubuntu-24.04"
    AMAZON_LINUX_2023 = "amazon-linux-2023"


class Architecture(StrEnum):
    """The processor, in Debian's words."""

    AMD64 = "amd64"
    ARM64 = "arm64"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Image:
    parameter: str
    has_ssm_agent: bool
    root_device: str = "/dev/xvda"


# Sources: Debian wiki "Cloud/AmazonEC2Image", Ubuntu "Finding AMIs with SSM",
# Amazon Linux 2023 user guide "Launching using the AMI ID".
_IMAGES = {
    OperatingSystem.DEBIAN_12: _Image(
        parameter="/aws/service/debian/release/12/latest/{debian}", has_ssm_agent=False
    ),
    OperatingSystem.DEBIAN_13: _Image(
        parameter="/aws/service/debian/release/13/latest/{debian}", has_ssm_agent=False
    ),
    OperatingSystem.UBUNTU_24_04: _Image(
        parameter=(
            "/aws/service/canonical/ubuntu/server/24.04/stable/current/{debian}/hvm/ebs-gp3/ami-id"
        ),
        has_ssm_agent=True,
        root_device="/dev/sda1",
    ),
    OperatingSystem.AMAZON_LINUX_2023: _Image(
        parameter="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{amazon}",
        has_ssm_agent=True,
    ),
}
_AMAZON_NAMES = {Architecture.AMD64: "x86_64", Architecture.ARM64: "arm64"}

# "c7gn.large": family letters, generation, then options; a g there is a Graviton processor.
_INSTANCE_TYPE = re.compile(
    r"(?P<family>[a-z]+)(?P<generation>\d+)(?P<options>[a-z-]*)\.[a-z0-9-]+"
)
_GRAVITON_FAMILIES = {"a"}  # a1, the first of them, carries no g
INSTANCE_TYPE_PATTERN = r"[a-z]+[0-9]+[a-z0-9-]*\.[a-z0-9-]+"


def architecture(instance_type: str) -> Architecture:
    """The processor of an instance type (EC2 user guide, "Instance type naming conventions")."""
    match = _INSTANCE_TYPE.fullmatch(instance_type)
    if match and (match["family"] in _GRAVITON_FAMILIES or "g" in match["options"].split("-")[0]):
        return Architecture.ARM64
    return Architecture.AMD64


def image_parameter(system: OperatingSystem, arch: Architecture) -> str:
    """The public SSM parameter that holds the id of the newest image."""
    return _IMAGES[system].parameter.format(debian=arch.value, amazon=_AMAZON_NAMES[arch])


def root_device(system: OperatingSystem) -> str:
    """What the stock image calls its root volume."""
    return _IMAGES[system].root_device


def has_ssm_agent(system: OperatingSystem) -> bool:
    """Whether the stock image can be reached through Session Manager."""
    return _IMAGES[system].has_ssm_agent
