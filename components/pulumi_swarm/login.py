"""``python -m pulumi_swarm.login``: Docker's own commands on one manager.

Usage: python -m pulumi_swarm.login [--stack STACK] MANAGER COMMAND...

For a swarm that needs help, when Pulumi itself gets no answer: MANAGER is the
manager's name, such as swarm-manager-0, and COMMAND one of docker swarm ...,
docker node ... and docker info; the login runs nothing else. Run it where you
run pulumi: the way there, with the pinned host key, is taken from the state of
the stack.
"""

import argparse
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from .plan.connection import SSH_HOST, SSH_USER, Connection, ssh_options
from .plan.nodes import NodeName, parse_node_name
from .plan.ports import Role
from .review.sentences import NODE


def way_to(manager: str, state: Mapping[str, Any]) -> list[str]:
    """The ``argv`` that logs in to one manager, from ``pulumi stack export``.

    Any manager of the cluster knows the way, also to one that never joined.
    """
    resources = (state.get("deployment") or {}).get("resources") or []
    ways = {
        item["urn"].rpartition("::")[2]: item["inputs"]["connection"]
        for item in resources
        if item["type"] == NODE
    }
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
    parser.add_argument("manager", metavar="MANAGER")
    parser.add_argument("command", metavar="COMMAND", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    stack = ["--stack", options.stack] if options.stack else []
    exported = subprocess.run(
        ["pulumi", "stack", "export", *stack],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if exported.returncode:
        raise SystemExit(exported.stderr.strip())
    argv = way_to(options.manager, json.loads(exported.stdout))
    os.execvp(argv[0], [*argv, *options.command])  # noqa: S606  # to be ssh, with its terminal


if __name__ == "__main__":
    main()
