"""Renders the user-data of one node.

The text depends on the values given and on nothing else, so that its diff in a
preview is the change itself. It carries no secret: tokens and keys are fetched
by the node with its own role.
"""

import base64
import bz2
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Network

from pulumi_swarm.plan.connection import SSH_USER
from pulumi_swarm.plan.ports import Role

# "User data is limited to 16 KB, in raw form, before it is base64-encoded" (EC2 user guide).
MAX_USER_DATA_BYTES = 16 * 1024

# Python picks a random boundary unless told; a changed byte would show in every preview.
_BOUNDARY = "==pulumi-swarm=="
LOGIN_COMMAND = "/usr/local/bin/swarm-dial"
# What sshd.conf says as well: not every image's sshd reads it (amazon-linux-2023#1016).
_CONFINED = f'restrict,command="{LOGIN_COMMAND}"'

BOOTSTRAP_SERVICE = "swarm-bootstrap.service"
UPKEEP_SERVICE = "swarm-upkeep.service"
UPKEEP_TIMER = "swarm-upkeep.timer"
GROUP_SERVICE = "swarm-group.service"
DOCKER_DROP_INS = "/etc/systemd/system/docker.service.d"

# After code; one with a quote in it stays, since it may be part of a string.
_COMMENT = re.compile(r"\s+# [^'\"]*$")

_START = """\
#!/bin/sh
umask 077
python3 -c '
import bz2, sys
sys.stdout.write(bz2.open("/etc/swarm/swarm-bootstrap.bz2", "rt").read())
' >/usr/local/sbin/swarm-bootstrap
chmod 0700 /usr/local/sbin/swarm-bootstrap
systemctl daemon-reload
systemctl enable --now --no-block"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """What a node is told at its first boot. Managers alone have ``authorized_keys``.

    ``hostname`` is empty for machines that keep the one of EC2; ``autoscaling_group`` is the name
    of the group of those that come and go with one.

    ``gwbridge`` and ``ingress`` are bodies for Docker's API; the first manager
    alone has an ``ingress``. ``further_parts`` are MIME types with their texts.
    """

    hostname: str
    role: str
    may_init: bool
    worker_secret: str
    manager_secret: str
    host_key_secret: str
    addresses_parameter: str
    unlock_key_secret: str
    default_addr_pool: Sequence[IPv4Network]
    subnet_size: int
    data_path_port: int
    listen_addr: str
    advertise_addr: str
    data_path_addr: str
    gwbridge: Mapping[str, object]
    ingress: Mapping[str, object]
    daemon_config: Mapping[str, object]
    engine_version: str
    boot_timeout_seconds: int
    reap_after_seconds: int
    authorized_keys: Sequence[str]
    further_parts: Sequence[tuple[str, str]]
    autoscaling_group: str = ""


def render(settings: NodeSettings) -> str:
    """The user-data: a cloud-config and a starter, in one MIME message."""
    message = MIMEMultipart(boundary=_BOUNDARY)
    message.attach(_part(_cloud_config(settings), "cloud-config"))
    message.attach(_part(f"{_START} {' '.join(_units(settings))}\n", "x-shellscript"))
    for content_type, text in settings.further_parts:
        part = _part(text, content_type.removeprefix("text/"))
        # Otherwise the lists of the part that comes last take the place of the others' (cloud-init,
        # "Merging user-data sections"), and the node would never join.
        part["X-Merge-Type"] = "list(append)+dict(no_replace,recurse_list)+str()"
        message.attach(part)
    return message.as_string()


def _units(settings: NodeSettings) -> list[str]:
    """The units to start."""
    return [
        BOOTSTRAP_SERVICE,
        GROUP_SERVICE if settings.autoscaling_group else UPKEEP_TIMER,
    ]


def _part(text: str, subtype: str) -> MIMEText:
    part = MIMEText(text, subtype, "us-ascii" if text.isascii() else "utf-8")
    del part["MIME-Version"]  # the message has one, and one is enough
    return part


def _node_conf(settings: NodeSettings) -> str:
    values = {
        "ROLE": settings.role,
        "MAY_INIT": "yes" if settings.may_init else "no",
        "WORKER_SECRET": settings.worker_secret,
        "MANAGER_SECRET": settings.manager_secret,
        "HOST_KEY_SECRET": settings.host_key_secret,
        "UNLOCK_KEY_SECRET": settings.unlock_key_secret,
        "ADDRESSES_PARAMETER": settings.addresses_parameter,
        "DEFAULT_ADDR_POOL": json.dumps([str(pool) for pool in settings.default_addr_pool]),
        "SUBNET_SIZE": str(settings.subnet_size),
        "DATA_PATH_PORT": str(settings.data_path_port),
        "LISTEN_ADDR": settings.listen_addr,
        "ADVERTISE_ADDR": settings.advertise_addr,
        "DATA_PATH_ADDR": settings.data_path_addr,
        "GWBRIDGE": json.dumps(settings.gwbridge),
        "INGRESS": json.dumps(settings.ingress) if settings.ingress else "",
        "ENGINE_VERSION": settings.engine_version,
        "BOOT_TIMEOUT_SECONDS": str(settings.boot_timeout_seconds),
    }
    if settings.role == Role.MANAGER:
        values["REAP_AFTER_SECONDS"] = str(settings.reap_after_seconds)
    if settings.autoscaling_group:
        values["AUTOSCALING_GROUP"] = settings.autoscaling_group
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def _cloud_config(settings: NodeSettings) -> str:
    """cloud-config in YAML; every value in it is written as JSON, which YAML includes."""
    lines = [
        "#cloud-config",
        *([f"hostname: {json.dumps(settings.hostname)}"] if settings.hostname else []),
        # Amazon Linux would take EC2's name for the machine otherwise.
        "prefer_fqdn_over_hostname: false",
        "preserve_hostname: false",
        "write_files:",
        *_file("/etc/swarm/node.conf", "0600", _node_conf(settings)),
        *_file("/etc/swarm/daemon.json", "0600", json.dumps(settings.daemon_config)),
        *_packed("/etc/swarm/swarm-bootstrap.bz2", _source("swarm-bootstrap.sh")),
        *_file(f"/etc/systemd/system/{BOOTSTRAP_SERVICE}", "0644", _source(BOOTSTRAP_SERVICE)),
        *_file(f"{DOCKER_DROP_INS}/10-swarm.conf", "0644", _source("docker-restart.conf")),
    ]
    for unit in [GROUP_SERVICE] if settings.autoscaling_group else [UPKEEP_SERVICE, UPKEEP_TIMER]:
        lines += _file(f"/etc/systemd/system/{unit}", "0644", _source(unit))
    if settings.role == Role.MANAGER:
        lines += _file(LOGIN_COMMAND, "0755", _source("swarm-dial.sh"))
        lines += _file("/etc/ssh/sshd_config.d/10-swarm.conf", "0644", _source("sshd.conf"))
        user = {
            "name": SSH_USER,
            "groups": "docker",
            "shell": "/bin/sh",
            "lock_passwd": True,
            "ssh_authorized_keys": [f"{_CONFINED} {key}" for key in settings.authorized_keys],
        }
        lines += ["users:", "  - default", f"  - {json.dumps(user)}"]
    return "\n".join(lines) + "\n"


def _file(path: str, mode: str, content: str) -> list[str]:
    indented = [f"      {line}" if line else "" for line in content.splitlines()]
    return [f"  - path: {path}", f'    permissions: "{mode}"', "    content: |", *indented]


@cache  # the same for every node
def _packed(path: str, content: str) -> tuple[str, ...]:
    """A compressed file: the script alone would fill EC2's limit (docs/decisions/0004).

    bzip2, because every machine makes the same bytes of it, which is not so with gzip.
    """
    packed = base64.b64encode(bz2.compress(content.encode())).decode()
    return (
        f"  - path: {path}",
        '    permissions: "0600"',
        "    encoding: b64",
        f"    content: {packed}",
    )


@cache
def _source(name: str) -> str:
    """A file of this package without its comments: they are for readers of the source."""
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("# "))
    return "".join(f"{_COMMENT.sub('', line)}\n" for line in lines)
