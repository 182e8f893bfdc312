"""``python -m pulumi_swarm.picture``: draw a swarm, and what a preview would change of it.

Usage: pulumi preview --json --show-sames | python -m pulumi_swarm.picture [--svg] [--offline]

Mermaid unless --svg is given; one swarm after the other when the stack has several, and with --svg
only the first unless --swarm names one.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from pulumi_swarm.review.attached import attached_to_networks

from . import mermaid, svg
from .previewed import previewed


def main(arguments: Sequence[str] | None = None) -> None:
    """Read a preview from standard input, print the picture."""
    parser = argparse.ArgumentParser(prog="pulumi_swarm.picture", description=__doc__)
    parser.add_argument("--svg", action="store_true", help="SVG, not Mermaid")
    parser.add_argument("--swarm", help="only this one; all when not given")
    parser.add_argument("--offline", action="store_true", help="do not ask who is attached")
    options = parser.parse_args(arguments)
    preview = json.load(sys.stdin)
    attached = None if options.offline else attached_to_networks(preview)
    pictures = [p for p in previewed(preview, attached) if options.swarm in (None, p.name)]
    if not pictures:
        raise SystemExit("no swarm in this preview: give pulumi preview --json --show-sames")
    if options.svg:
        sys.stdout.write(svg.render(pictures[0]))
    else:
        sys.stdout.write("\n".join(mermaid.render(picture) for picture in pictures))


if __name__ == "__main__":
    main()
