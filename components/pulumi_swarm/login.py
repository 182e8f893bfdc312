"""``python -m pulumi_swarm.login``: Docker's own commands on one manager.

Usage: python -m pulumi_swarm.login [--stack STACK] MANAGER COMMAND...
       python -m pulumi_swarm.login [--stack STACK] --ssh-config NAME MANAGER

For a swarm that needs help, when Pulumi itself gets no answer: MANAGER is the
manager's name, such as swarm-manager-0, and COMMAND one of docker swarm ...,
docker node ... and docker info; the login runs nothing else. Run it where you
run pulumi: the way there, with the pinned host key, is taken from the state of
the stack.

--ssh-config prints that way as an entry for ssh's own configuration under a
NAME of yours, by which Docker's command line can be used as a whole:
DOCKER_HOST=ssh://NAME.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from .plan.connection import SSH_HOST, SSH_USER, Connection, ssh_options
from .plan.nodes import NodeName, parse_node_name
from .plan.ports import Role
from .review.quorum import NODE
from .state import Resource, exported, name_of


def way_to(manager: str, resources: Sequence[Resource]) -> list[str]:
    """The ``argv`` that logs in to one manager, from the resources of the stack.

    Any manager of the cluster knows the way, also to one that never joined.
    """
    ways = {name_of(r): r["inputs"]["connection"] for r in resources if r["type"] == NODE}
    asked = _manager(manager)
    for node, way in ways.items():
        known = _manager(node)
        if asked is None or known is None or known.cluster != asked.cluster:
            continue
        if asked.index < len(way["managers"]):
            connection = Connection.of({**way, "managers": [way["managers"][asked.index]]})
            return ["ssh", *ssh_options(connection), f"{SSH_USER}@{SSH_HOST}"]
    found = ", ".join(sorted(node for node in ways if _manager(node))) or "none"
    raise SystemExit(
        f"{manager} is no manager of this stack (there are: {found}); name one of them, and say "
        "--stack if it is another stack's"
    )


def ssh_config(name: str, manager: str, resources: Sequence[Resource]) -> str:
    """The same way as an entry of ssh's configuration."""
    _, *options, _ = way_to(manager, resources)
    lines = [f"Host {name}", f"  HostName {SSH_HOST}", f"  User {SSH_USER}"]
    for flag, value in zip(options[::2], options[1::2], strict=True):
        key, _, rest = ("IdentityFile", "", f'"{value}"') if flag == "-i" else value.partition("=")
        lines.append(f"  {key} {rest}")
    return "\n".join(lines)


def _manager(name: str) -> NodeName | None:
    found = parse_node_name(name)
    return found if found is not None and found.role is Role.MANAGER else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Become the ssh that runs the command."""
    parser = argparse.ArgumentParser(
        prog="pulumi_swarm.login",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stack", help="the selected one when not given")
    parser.add_argument("--ssh-config", metavar="NAME", help="print the way, run nothing")
    parser.add_argument("manager", metavar="MANAGER")
    parser.add_argument("command", metavar="COMMAND", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    resources = exported(options.stack)
    if options.ssh_config:
        sys.stdout.write(f"{ssh_config(options.ssh_config, options.manager, resources)}\n")
        return
    argv = way_to(options.manager, resources)
    os.execvp(argv[0], [*argv, *options.command])  # noqa: S606  # to be ssh, with its terminal


if __name__ == "__main__":
    main()
