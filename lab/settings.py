"""Names, addresses and folders of one local cloud.

A machine may hold several local clouds side by side; ``SWARM_LAB`` names the
one that a command is about (the tests use one of their own).
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

DEFAULT_NAME = "swarm-lab"
ACCOUNT_ID = "123456789012"  # moto's account
REGION = "us-east-1"

MAX_NAME_LENGTH = 40  # of a cloud; it starts the names of namespaces and cgroups

METADATA_ADDRESS = "169.254.169.254"  # EC2's
RESOLVER_ADDRESS = "169.254.169.253"  # EC2's second address for the VPC's resolver
# "The internet" as the hosts see it: RFC 2544 and RFC 5737 ranges, never routed anywhere.
API_ADDRESS = "198.18.0.1"
REGISTRY_ADDRESS = "198.18.0.2"
ADMIN_ADDRESS = "203.0.113.10"  # where connections that come through the fabric come from

DEBIANS_ENGINE, CURRENT_ENGINE = "debian", "current"  # what SWARM_LAB_ENGINE may be

REGISTRY_NAME = "registry.swarm.test"
BUSYBOX_IMAGE = f"{REGISTRY_NAME}/busybox:1"

LINK_MTU = 9001  # a VPC's


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where one local cloud keeps what it makes."""

    name: str
    state: Path
    api_port: int
    engine: str = DEBIANS_ENGINE

    @property
    def fabric(self) -> str:
        """The network namespace that stands for the VPC's network."""
        return self.name

    @property
    def hosts(self) -> Path:
        return self.state / "hosts"

    @property
    def status_file(self) -> Path:
        return self.state / "status.json"

    @property
    def pid_file(self) -> Path:
        return self.state / "daemon.pid"

    @property
    def log_file(self) -> Path:
        return self.state / "daemon.log"

    @property
    def identity(self) -> Path:
        """The ssh key that the local stack's managers let in."""
        return self.state / "id_ed25519"

    @property
    def authority(self) -> Path:
        """The certificate of the cloud's own authority, which every host trusts."""
        return self.state / "authority.pem"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    def namespace(self, instance_id: str) -> str:
        return f"{self.name}-{instance_id}"


def load() -> Settings:
    """The settings of the cloud named by SWARM_LAB, or of the default one."""
    name = os.environ.get("SWARM_LAB", DEFAULT_NAME)
    if not re.fullmatch(rf"[a-z][a-z0-9-]{{0,{MAX_NAME_LENGTH - 1}}}", name):
        raise SystemExit(
            f"lab: SWARM_LAB is {name!r}; it must start with a letter and hold at most "
            f"{MAX_NAME_LENGTH} lower-case letters, digits and hyphens"
        )
    engine = os.environ.get("SWARM_LAB_ENGINE", DEBIANS_ENGINE)
    if engine not in (DEBIANS_ENGINE, CURRENT_ENGINE):
        raise SystemExit(
            f"lab: SWARM_LAB_ENGINE is {engine!r}; it must be {DEBIANS_ENGINE} or {CURRENT_ENGINE}"
        )
    default_port = "5100" if name == DEFAULT_NAME else "5101"
    return Settings(
        name=name,
        state=Path(os.environ.get("SWARM_LAB_STATE", f"/var/lib/{name}")),
        api_port=int(os.environ.get("SWARM_LAB_PORT", default_port)),
        engine=engine,
    )
