"""``python -m pulumi_swarm.picture``: draw a swarm, and what a preview would change of it.

Usage: pulumi preview --json --show-sames | python -m pulumi_swarm.picture [--svg] [--offline]

Mermaid unless --svg is given. A stack with several swarms needs --swarm: each is a picture.
"""

import argparse
import sys
from collections.abc import Sequence

from pulumi_swarm.review.attached import attached_to_networks
from pulumi_swarm.review.steps import read_preview

from . import mermaid, svg
from .previewed import previewed


def main(arguments: Sequence[str] | None = None) -> None:
    """Read a preview from standard input, print the picture."""
    parser = argparse.ArgumentParser(prog="pulumi_swarm.picture", description=__doc__)
    parser.add_argument("--svg", action="store_true", help="SVG, not Mermaid")
    parser.add_argument("--swarm", help="which one, when the stack has several")
    parser.add_argument("--offline", action="store_true", help="do not ask who is attached")
    options = parser.parse_args(arguments)
    preview = read_preview(sys.stdin)
    if preview is None:
        raise SystemExit("that is no preview: give pulumi preview --json --show-sames")
    attached = None if options.offline else attached_to_networks(preview)
    pictures = {picture.name: picture for picture in previewed(preview, attached)}
    if not pictures:
        raise SystemExit("no swarm in this preview: give pulumi preview --json --show-sames")
    wanted = options.swarm or next(iter(pictures))
    if wanted not in pictures or (options.swarm is None and len(pictures) > 1):
        raise SystemExit(f"name one by --swarm: {', '.join(pictures)}")
    picture = pictures[wanted]
    sys.stdout.write(svg.render(picture) if options.svg else mermaid.render(picture))


if __name__ == "__main__":
    main()
