"""The way from Pulumi to the swarm: ssh options that reach any live manager.

All managers answer to one name with one host key, which the stack made. So a
dead manager, or one that was replaced, is neither an error nor a change.
"""

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Self

from .access import Bastion
from .ports import SSH_PORT

SSH_USER = "swarm"
SSH_HOST = "swarm-managers"  # a name for ssh alone: the proxy finds the address
SSH_BASTION = "swarm-bastion"  # the name its host key is pinned under

# ssm: a manager is named by its network interface, which outlives its instances; the first whose
# agent answers is taken.
_SSM_SCRIPT = (
    "export AWS_REGION=$1; shift; "
    'for interface in "$@"; do '
    "id=$(aws ec2 describe-network-interfaces --output text "
    '--network-interface-ids "$interface" '
    '--query "NetworkInterfaces[0].Attachment.InstanceId") || continue; '
    # Not by PingStatus, which stays Online for minutes after an agent has gone.
    'state=$(aws ssm get-connection-status --output text --query Status --target "$id"); '
    '[ "$state" != connected ] || exec aws ssm start-session --target "$id" '
    "--document-name AWS-StartSSHSession --parameters portNumber=22; "
    'done; echo "no manager is connected to Session Manager: $*" >&2; exit 1'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where the managers are and how they prove who they are.

    ``through`` is a command that runs another in the managers' network, such
    as ``nsenter --net=...``. With a ``session_manager_region`` the way is AWS
    Session Manager, and ``managers`` are network interfaces, not addresses.
    """

    managers: Sequence[str]
    host_public_key: str
    identity_file: str
    through: str
    session_manager_region: str
    bastion: Bastion | None

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> Self:
        """From the inputs that a Node carries."""
        return cls(
            managers=inputs["managers"],
            host_public_key=inputs["hostPublicKey"],
            identity_file=inputs["identityFile"],
            through=inputs["through"],
            session_manager_region=inputs["sessionManagerRegion"],
            bastion=_bastion_of(inputs.get("bastion") or {}),
        )

    @property
    def host(self) -> str:
        """What the Docker provider takes as ``host``."""
        return f"ssh://{SSH_USER}@{SSH_HOST}"


def ssh_options(connection: Connection, *, shared: bool = False) -> list[str]:
    """Options for ``ssh``; with them ``ssh swarm-managers`` reaches Docker and nothing else.

    The host key is pinned: no file of known hosts is read or written, and
    nothing is trusted on first use. ``shared`` ones go by the connection that
    the plugin holds open, if it does (provider/shared_connection.py).
    """
    settings = {
        **_pinned(SSH_HOST, connection.host_public_key),
        "ProxyCommand": proxy_command(connection),
    }
    if shared:
        settings["ControlPath"] = control_path(connection)
    return _options(settings, connection.identity_file)


def control_path(connection: Connection) -> str:
    """Where the socket of a shared connection is: one for each cluster, the same on every machine.

    Short: when it does not fit into a socket's address (104 bytes on macOS), ssh refuses to run.
    """
    digest = hashlib.sha256(_key_only(connection.host_public_key).encode()).hexdigest()
    return f"%d/.ssh/swarm-{digest[:8]}"


def _pinned(name: str, public_key: str) -> dict[str, str]:
    return {
        "BatchMode": "yes",
        "ConnectTimeout": "30",
        "ServerAliveInterval": "15",
        # A connection that a user's own settings keep open may be to another cluster's managers.
        "ControlMaster": "no",
        "ControlPath": "none",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": "/dev/null",
        "GlobalKnownHostsFile": "/dev/null",
        "UpdateHostKeys": "no",
        "KnownHostsCommand": f"/bin/echo {name} {_key_only(public_key)}",
    }


def _options(settings: Mapping[str, str], identity_file: str) -> list[str]:
    options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
    if identity_file:
        options += ["-o", "IdentitiesOnly=yes", "-i", identity_file]
    return options


def proxy_command(connection: Connection) -> str:
    """A shell command that connects standard input and output with a live manager's sshd."""
    if connection.session_manager_region:
        words = ["sh", "-c", _SSM_SCRIPT, "sh", connection.session_manager_region]
        words += connection.managers
    else:
        text = files(__package__).joinpath("reach.py").read_text(encoding="utf-8")
        source = text.partition('"""\n\n')[2]  # without its docstring
        # One line, as ssh's options must be: the program as one string, which json writes as
        # Python reads it. The program holds no single quote: ssh cannot parse what shells need
        # to quote one.
        # Nothing of the user's Python, nor of the folder that it runs in: that is quicker, too.
        words = ["python3", "-I", "-S", "-c", f"exec({json.dumps(source)})", str(SSH_PORT)]
        words += connection.managers
        if connection.bastion is not None:
            words += ["--", *_bastion_command(connection.bastion, connection.identity_file)]
    # ssh expands percent signs; a doubled one stands for itself.
    command = " ".join(shlex.quote(word) for word in words).replace("%", "%%")
    return f"{connection.through} {command}".strip()


def _bastion_command(bastion: Bastion, identity_file: str) -> list[str]:
    """What ``ssh -J`` would run, with the bastion's host key pinned as well."""
    settings = {**_pinned(SSH_BASTION, bastion.host_key), "HostKeyAlias": SSH_BASTION}
    options = _options(settings, identity_file)
    return ["ssh", *options, "-p", str(bastion.port), f"{bastion.user}@{bastion.host}"]


def _bastion_of(inputs: Mapping[str, Any]) -> Bastion | None:
    if not inputs:
        return None
    return Bastion(
        host=inputs["host"],
        user=inputs["user"],
        port=int(inputs["port"]),
        host_key=inputs["hostKey"],
    )


def _key_only(public_key: str) -> str:
    """Type and key, without the comment."""
    return " ".join(public_key.split()[:2])
