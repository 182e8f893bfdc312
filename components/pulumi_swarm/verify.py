"""``python -m pulumi_swarm.verify``: whether packets cross the overlay networks of a stack.

Usage: python -m pulumi_swarm.verify [--stack STACK] [--published] [--json] [NETWORK...]

Short-lived containers on every node that takes tasks resolve the others' names,
ping them, send a megabyte both ways and find the largest packet that passes.
With --published they also ask every node for a published port. Exits with 1
when anything does not cross, and says the likely cause. Run it where you run
pulumi, after pulumi up.
"""

import argparse
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from .plan.nodes import parse_node_name
from .plan.overlay import ENCRYPTED_OPTION
from .plan.probe import (
    CHECKS_OF_A_NETWORK,
    DEFAULT_IMAGE,
    PROBE_TIMEOUT_SECONDS,
    Check,
    Findings,
    causes,
)
from .provider.errors import ResourceError
from .provider.probe import matrix, probe
from .review.quorum import NODE
from .review.sentences import NETWORK, SETTINGS
from .state import Resource, exported, name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What of a stack is probed: the way to its managers, and its networks by name."""

    connection: Mapping[str, Any]
    encrypted: Mapping[str, bool]
    data_path_port: int


def subject(resources: Sequence[Resource], cluster: str | None) -> Subject:
    """The swarm of a stack, or the one of its swarms that is named."""
    connections = {
        parsed.cluster: resource["inputs"]["connection"]
        for resource in resources
        if resource["type"] == NODE and (parsed := parse_node_name(name_of(resource)))
    }
    wanted = cluster or (next(iter(connections)) if len(connections) == 1 else "")
    if wanted not in connections:
        there = ", ".join(sorted(connections)) or "none"
        raise SystemExit(f"name one of the stack's swarms with --cluster (there are: {there})")
    settings = {name_of(r): r["inputs"] for r in resources if r["type"] == SETTINGS}
    networks = {
        r["inputs"]["name"]: ENCRYPTED_OPTION in (r["inputs"].get("options") or {})
        for r in resources
        if r["type"] == NETWORK and name_of(r) == f"{wanted}-{r['inputs'].get('name')}"
    }
    return Subject(
        connection=connections[wanted],
        encrypted=networks,
        data_path_port=int(settings[wanted]["dataPathPort"]),
    )


def inputs(
    found: Subject, network: str, options: argparse.Namespace, checks: Sequence[Check]
) -> dict[str, Any]:
    """As the probe takes them."""
    return {
        "connection": found.connection,
        "network": network,
        "image": options.image,
        "checks": [check.value for check in checks],
        "encrypted": found.encrypted.get(network, False),
        "dataPathPort": found.data_path_port,
        "timeoutSeconds": options.timeout_seconds,
    }


def table(found: Findings, checks: Sequence[Check]) -> Table:
    """One row for each pair of nodes."""
    shown = Table(title=f"network {found.network}", title_justify="left")
    for column in ("from", "to", *(check.value for check in checks)):
        shown.add_column(column)
    pairs: dict[tuple[str, str], dict[Check, str]] = {}
    for answer in found.answers:
        color = "green" if answer.good else "red"
        row = pairs.setdefault((answer.source, answer.target), {})
        row[answer.check] = f"[{color}]{answer.value}[/{color}]"
    for (source, target), row in sorted(pairs.items()):
        shown.add_row(source, target, *(row.get(check, "") for check in checks))
    return shown


def main(arguments: Sequence[str] | None = None) -> int:
    """Probe, and say what came of it."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is removed
    found = subject(exported(options.stack), options.cluster)
    checks = [*CHECKS_OF_A_NETWORK, *([Check.PUBLISHED] if options.published else [])]
    results = []
    for network in options.networks or sorted(found.encrypted):
        try:
            results.append(probe(inputs(found, network, options, checks)))
        except ResourceError as error:
            raise SystemExit(str(error)) from error
    if options.json:
        sys.stdout.write(json.dumps({r.network: _as_json(r) for r in results}, indent=1) + "\n")
    else:
        _show(results, checks)
    return 0 if results and all(r.is_good for r in results) else 1


def _show(results: Sequence[Findings], checks: Sequence[Check]) -> None:
    console = Console()
    if not results:
        console.print("the stack declares no network")
    for found in results:
        console.print(table(found, checks))
        for name, availability in found.left_out.items():
            console.print(f"{name} takes no tasks ({availability}), so it was not asked")
        for cause in causes(found):
            console.print(f"[red]{cause}[/red]", soft_wrap=True)


def _as_json(found: Findings) -> dict[str, Any]:
    return {
        "good": found.is_good,
        "matrix": matrix(found),
        "causes": causes(found),
        "leftOut": dict(found.left_out),
    }


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="pulumi_swarm.verify",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stack", help="the selected one when not given")
    parser.add_argument("--cluster", help="the swarm's name, when the stack has several")
    parser.add_argument("--image", default=DEFAULT_IMAGE, help="with busybox's applets")
    parser.add_argument(
        "--timeout-seconds",
        type=int,
        default=PROBE_TIMEOUT_SECONDS,
        help="how long containers may take to start on every node",
    )
    parser.add_argument("--published", action="store_true", help="try a published port too")
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.add_argument("networks", metavar="NETWORK", nargs="*", help="all when none is named")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
