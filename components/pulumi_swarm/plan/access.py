"""How Pulumi and administrators reach the managers."""

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network

from .guard import MIN_ADMIN_PREFIX, is_large_part_of_the_world
from .ports import SSH_PORT
from .reader import Reader

# OpenSSH's public key formats (sshd(8), AUTHORIZED_KEYS FILE FORMAT); DSA is long refused.
_KEY = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com|"
    r"sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+=*( .*)?"
)


class Access(StrEnum):
    """The way to the managers' Docker.

    ``public``: by ssh to an Elastic IP each; ``private``: by ssh to their
    private addresses, over a VPN or from inside the network; ``bastion``: the
    same through a host of yours that is let in; ``ssm``: through AWS Session
    Manager, with no ssh port open at all.
    """

    PUBLIC = "public"
    PRIVATE = "private"
    BASTION = "bastion"
    SSM = "ssm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bastion:
    """A host that forwards connections to the managers."""

    host: str
    user: str
    port: int
    host_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPlan:
    """Who may reach the managers, and by what way."""

    access: Access
    admin_cidrs: tuple[IPv4Network, ...]
    authorized_keys: tuple[str, ...]
    identity_file: str
    through: str
    bastion: Bastion | None


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
        bastion=_bastion(reader),
    )


def read_admin_cidrs(reader: Reader) -> tuple[IPv4Network, ...]:
    """Where administrators come from; never the whole world (SG-7)."""
    admin_cidrs = reader.networks("admin_cidrs")
    reader.refuse_repeated("admin_cidrs", [str(cidr) for cidr in admin_cidrs])
    for i, cidr in enumerate(admin_cidrs):
        if is_large_part_of_the_world(str(cidr)):
            reader.problems.add(
                f"{reader.path('admin_cidrs')}[{i}]",
                str(cidr),
                f"must be /{MIN_ADMIN_PREFIX} or smaller, not a large part of the world",
                "name the networks that administrators and CI come from, or use access: ssm",
            )
    return admin_cidrs


def _bastion(reader: Reader) -> Bastion | None:
    wanted = reader.raw("access") == Access.BASTION
    if not reader.has("ssh_bastion"):
        if wanted:
            reader.wrong(
                "ssh_bastion",
                "must be given with access: bastion",
                "give its host, user and hostKey",
            )
        return None
    if not wanted:
        reader.wrong(
            "ssh_bastion", "has no use without access: bastion", "set access, or leave it out"
        )
    nested = reader.nested("ssh_bastion", ("host", "user", "port", "host_key"))
    nested.require(("host", "user", "host_key"), "give the bastion's host, user and hostKey")
    key = nested.text("host_key", "")
    if nested.has("host_key") and not _KEY.fullmatch(key.strip()):
        nested.wrong(
            "host_key",
            "must be an OpenSSH public key, such as 'ssh-ed25519 AAAA...'",
            "give the line of the bastion's /etc/ssh/ssh_host_ed25519_key.pub",
            f"{key[:11]}...",
        )
    return Bastion(
        host=nested.text(
            "host",
            "",
            pattern=r"[a-zA-Z0-9][a-zA-Z0-9.-]*",
            allowed="must be a host name or address",
            remedy="write user and port beside it, in user and port",
        ),
        user=nested.text(
            "user",
            "",
            pattern=r"[a-zA-Z_][a-zA-Z0-9._-]*",
            allowed="must be the name of a user there",
            remedy="write it like ec2-user",
        ),
        port=nested.integer("port", SSH_PORT, low=1, high=65535, unit="a TCP port", why="of sshd"),
        host_key=" ".join(key.split()[:2]),
    )


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
