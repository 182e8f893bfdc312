"""How Pulumi and administrators reach the managers."""

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network

from .reader import Reader

# OpenSSH's public key formats (sshd(8), AUTHORIZED_KEYS FILE FORMAT); DSA is long refused.
_KEY = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com|"
    r"sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+=*( .*)?"
)
MIN_ADMIN_PREFIX = 8  # no network of administrators is larger than a class A


class Access(StrEnum):
    """The way to the managers' Docker.

    ``public``: by ssh to an Elastic IP each; ``private``: by ssh to their
    private addresses, over a VPN or from inside the network; ``ssm``: through
    AWS Session Manager, with no ssh port open at all.
    """

    PUBLIC = "public"
    PRIVATE = "private"
    SSM = "ssm"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPlan:
    """Who may reach the managers, and by what way."""

    access: Access
    admin_cidrs: tuple[IPv4Network, ...]
    authorized_keys: tuple[str, ...]
    identity_file: str
    through: str


def read_access(reader: Reader) -> AccessPlan:
    """All of it: the way, who may come, and that the two fit together."""
    plan = read_connection(reader, require_keys=True)
    if plan.access is Access.SSM:
        for name in ("admin_cidrs", "ssh_proxy_command"):
            if reader.has(name):
                reader.wrong(
                    name,
                    "has no use with access: ssm, which opens no port and brings its own proxy",
                    "leave it out",
                )
    elif not reader.has("admin_cidrs"):
        reader.wrong(
            "admin_cidrs",
            f"must be given with access: {plan.access}",
            "name the networks that administrators and CI come from, such as 203.0.113.10/32",
        )
    return plan


def read_connection(reader: Reader, *, require_keys: bool) -> AccessPlan:
    """The way to the managers, without who may come."""
    return AccessPlan(
        access=reader.choice("access", Access.PUBLIC),
        admin_cidrs=read_admin_cidrs(reader),
        authorized_keys=_authorized_keys(reader, required=require_keys),
        identity_file=reader.text("ssh_identity_file", ""),
        through=reader.text("ssh_proxy_command", ""),
    )


def read_admin_cidrs(reader: Reader) -> tuple[IPv4Network, ...]:
    """Where administrators come from; never the whole world (SG-7)."""
    admin_cidrs = reader.networks("admin_cidrs")
    for i, cidr in enumerate(admin_cidrs):
        if cidr.prefixlen < MIN_ADMIN_PREFIX:
            reader.problems.add(
                f"{reader.path('admin_cidrs')}[{i}]",
                str(cidr),
                f"must be /{MIN_ADMIN_PREFIX} or smaller, not a large part of the world",
                "name the networks that administrators and CI come from, or use access: ssm",
            )
    return admin_cidrs


def _authorized_keys(reader: Reader, *, required: bool) -> tuple[str, ...]:
    keys = reader.strings("ssh_authorized_keys")
    if required and not keys:
        reader.wrong(
            "ssh_authorized_keys",
            "must hold at least one public key: Pulumi reaches Docker on the managers by ssh",
            "give the line of your key's .pub file",
        )
    for i, key in enumerate(keys):
        if not _KEY.fullmatch(key.strip()):
            reader.problems.add(
                f"{reader.path('ssh_authorized_keys')}[{i}]",
                f"{key[:11]}...",  # it may be a private key: an error must not show it
                "must be an OpenSSH public key, such as 'ssh-ed25519 AAAA... name'",
                "give the line of your key's .pub file, never the private key",
            )
    return tuple(key.strip() for key in keys)
