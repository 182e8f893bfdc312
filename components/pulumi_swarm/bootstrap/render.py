"""Renders the user-data of one node.

The text depends on the values given and on nothing else, so that its diff in a
preview is the change itself. It carries no secret: tokens and keys are fetched
by the node with its own role.
"""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from importlib.resources import files
from ipaddress import IPv4Network

from pulumi_swarm.plan.connection import SSH_USER

# "User data is limited to 16 KB, in raw form, before it is base64-encoded" (EC2 user guide).
MAX_USER_DATA_BYTES = 16 * 1024

# Python picks a random boundary unless told; a changed byte would show in every preview.
_BOUNDARY = "==pulumi-swarm=="

_START = """\
#!/bin/sh
systemctl daemon-reload
systemctl enable --now --no-block swarm-bootstrap.service
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """What a node is told at its first boot. Managers alone have ``authorized_keys``."""

    hostname: str
    role: str
    may_init: bool
    worker_secret: str
    manager_secret: str
    host_key_secret: str
    addresses_parameter: str
    default_addr_pool: Sequence[IPv4Network]
    subnet_size: int
    data_path_port: int
    engine_version: str
    boot_timeout_seconds: int
    authorized_keys: Sequence[str]


def render(settings: NodeSettings) -> str:
    """The user-data: a cloud-config and a starter, in one MIME message."""
    message = MIMEMultipart(boundary=_BOUNDARY)
    message.attach(_part(_cloud_config(settings), "cloud-config"))
    message.attach(_part(_START, "x-shellscript"))
    return message.as_string()


def _part(text: str, subtype: str) -> MIMEText:
    part = MIMEText(text, subtype, "us-ascii")
    del part["MIME-Version"]  # the message has one, and one is enough
    return part


def _node_conf(settings: NodeSettings) -> str:
    values = {
        "ROLE": settings.role,
        "MAY_INIT": "yes" if settings.may_init else "no",
        "WORKER_SECRET": settings.worker_secret,
        "MANAGER_SECRET": settings.manager_secret,
        "HOST_KEY_SECRET": settings.host_key_secret,
        "ADDRESSES_PARAMETER": settings.addresses_parameter,
        "DEFAULT_ADDR_POOL": json.dumps([str(pool) for pool in settings.default_addr_pool]),
        "SUBNET_SIZE": str(settings.subnet_size),
        "DATA_PATH_PORT": str(settings.data_path_port),
        "ENGINE_VERSION": settings.engine_version,
        "BOOT_TIMEOUT_SECONDS": str(settings.boot_timeout_seconds),
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def _cloud_config(settings: NodeSettings) -> str:
    """cloud-config in YAML; every value in it is written as JSON, which YAML includes."""
    lines = [
        "#cloud-config",
        f"hostname: {json.dumps(settings.hostname)}",
        "preserve_hostname: false",
        "write_files:",
        *_file("/etc/swarm/node.conf", "0600", _node_conf(settings)),
        *_file("/usr/local/sbin/swarm-bootstrap", "0700", _source("swarm-bootstrap.sh")),
        *_file(
            "/etc/systemd/system/swarm-bootstrap.service",
            "0644",
            _source("swarm-bootstrap.service"),
        ),
    ]
    if settings.authorized_keys:
        lines += _file("/etc/ssh/sshd_config.d/10-swarm.conf", "0644", _source("sshd.conf"))
        user = {
            "name": SSH_USER,
            "groups": "docker",
            "shell": "/bin/sh",
            "lock_passwd": True,
            "ssh_authorized_keys": list(settings.authorized_keys),
        }
        lines += ["users:", "  - default", f"  - {json.dumps(user)}"]
    return "\n".join(lines) + "\n"


def _file(path: str, mode: str, content: str) -> list[str]:
    indented = [f"      {line}" if line else "" for line in content.splitlines()]
    return [f"  - path: {path}", f'    permissions: "{mode}"', "    content: |", *indented]


def _source(name: str) -> str:
    """A file of this package without its lines of comment: they are for readers of the source."""
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith("# "))
