"""``python -m pulumi_swarm.review``: a preview as Markdown.

Usage: pulumi preview --json --show-sames | python -m pulumi_swarm.review [--offline]

Without --show-sames the preview leaves out what stays, and so how many managers
there are and how they are reached.

The exit code is 0, or 3 when something that holds data or connections is replaced or
removed (networks, nodes, pools' machines, subnets, secrets), to gate a merge; 1 when the
preview itself failed.
"""

import argparse
import sys
from collections.abc import Sequence

from .attached import attached_to_networks
from .sentences import Review, review
from .steps import errors, read_preview

DESTRUCTIVE_EXIT = 3
FAILED_EXIT = 1
# GitHub takes 65536 characters of a comment: nine sections of these fit, and what a workflow adds.
MOST, LONGEST = 20, 300
NOTHING_READ = """### Swarm: what this would do

**The preview failed before it could say anything; see what it printed.**
"""

HEADINGS = (
    ("networks", "Networks"),
    ("nodes", "Nodes"),
    ("quorum", "Quorum"),
    ("swarm", "Swarm"),
    ("ports", "Ports"),
    ("ranges", "Addresses"),
    ("costs", "What costs"),
    ("others", "Also"),
    ("unknown", "Could not be found out"),
)


def markdown(found: Review) -> str:
    """The comment of a pull request, short enough to be one."""
    lines = ["### Swarm: what this would do", ""]
    if found.destructive:
        lines += ["**Something is replaced or removed.**", ""]
    sections = [(title, getattr(found, name)) for name, title in HEADINGS]
    if not any(sentences for _, sentences in sections):
        lines += ["Nothing changes.", ""]
    for title, sentences in sections:
        if sentences:
            lines += [f"**{title}**", "", *map(_item, sentences[:MOST]), ""]
            if len(sentences) > MOST:
                lines += [f"- and {len(sentences) - MOST} more: see the preview itself", ""]
    return "\n".join(lines)


def _item(text: str) -> str:
    return f"- {text if len(text) <= LONGEST else f'{text[:LONGEST]} ...'}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read a preview from standard input, print the report."""
    parser = argparse.ArgumentParser(prog="pulumi_swarm.review", description=__doc__)
    parser.add_argument(
        "--offline", action="store_true", help="do not ask the managers what is attached"
    )
    options = parser.parse_args(arguments)
    preview = read_preview(sys.stdin)
    if not preview:
        sys.stdout.write(NOTHING_READ)
        return FAILED_EXIT
    attached = None if options.offline else attached_to_networks(preview)
    found = review(preview, attached)
    sys.stdout.write(markdown(found))
    if errors(preview):
        return FAILED_EXIT
    return DESTRUCTIVE_EXIT if found.destructive else 0


if __name__ == "__main__":
    sys.exit(main())
