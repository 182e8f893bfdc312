"""A picture as SVG, drawn without any library: columns of zones, bars of networks below."""

from collections.abc import Iterator
from html import escape

from pulumi_swarm.plan.ports import Role

from .model import STAYS, Machine, Picture

# Pixels. A letter of the font below is at most 8 wide, and a name of 63 letters is cut.
COLUMN, GAP, MARGIN = 250, 20, 24
BOX_HEIGHT, BAR_HEIGHT, LINE_HEIGHT = 48, 52, 20
TITLE_HEIGHT = 56
LONGEST = 28  # letters that fit into a box

COLORS = {
    STAYS: ("#f6f8fa", "#57606a"),
    "added": ("#dafbe1", "#1a7f37"),
    "changed in place": ("#ddf4ff", "#0969da"),
    "replaced": ("#fff8c5", "#9a6700"),
    "removed": ("#ffebe9", "#cf222e"),
}
NAMESPACE = "http://www.w3.org/2000/svg"
FONT = "font-family='ui-monospace, Menlo, Consolas, monospace' font-size='13'"


def render(picture: Picture) -> str:
    """The text of the drawing."""
    columns = max(len(picture.zones), 3)
    width = 2 * MARGIN + columns * COLUMN + (columns - 1) * GAP
    rows = max((len(picture.machines_in(zone)) for zone in picture.zones), default=0)
    zones_height = 36 + rows * (BOX_HEIGHT + 10)
    networks_top = TITLE_HEIGHT + zones_height + GAP
    openings_top = networks_top + len(picture.networks) * (BAR_HEIGHT + 10) + GAP
    height = openings_top + (len(picture.openings) + 1) * LINE_HEIGHT + MARGIN
    body = [
        f"<svg xmlns='{NAMESPACE}' viewBox='0 0 {width} {height}' width='{width}' {FONT}>",
        f"<title>Swarm {escape(picture.name)}</title>",
        f"<rect width='{width}' height='{height}' fill='#ffffff'/>",
        _line(MARGIN, 34, f"swarm {picture.name}", size=20),
        *_zones(picture, zones_height),
        *_networks(picture, networks_top, width),
        *_openings(picture, openings_top),
        "</svg>",
    ]
    return "\n".join(body) + "\n"


def _zones(picture: Picture, height: int) -> Iterator[str]:
    for column, zone in enumerate(picture.zones):
        left = MARGIN + column * (COLUMN + GAP)
        yield (
            f"<rect x='{left}' y='{TITLE_HEIGHT}' width='{COLUMN}' height='{height}' rx='8' "
            "fill='none' stroke='#8c959f' stroke-dasharray='6 4'/>"
        )
        yield _line(left + 12, TITLE_HEIGHT + 22, zone)
        for row, machine in enumerate(picture.machines_in(zone)):
            top = TITLE_HEIGHT + 36 + row * (BOX_HEIGHT + 10)
            yield from _machine(machine, left + 12, top)


def _machine(machine: Machine, left: int, top: int) -> Iterator[str]:
    second = machine.role + (f", {machine.change}" if machine.change else "")
    thick = 3 if machine.role == Role.MANAGER else 1
    yield _box(left, top, COLUMN - 24, BOX_HEIGHT, machine.change, thick)
    yield _line(left + 10, top + 20, machine.name[:LONGEST])
    yield _line(left + 10, top + 38, second)


def _networks(picture: Picture, top: int, width: int) -> Iterator[str]:
    for i, network in enumerate(picture.networks):
        y = top + i * (BAR_HEIGHT + 10)
        first = network.name + (f": {network.change}" if network.change else "")
        second = " · ".join([*network.details, *([network.users] if network.users else [])])
        yield _box(MARGIN, y, width - 2 * MARGIN, BAR_HEIGHT, network.change, 1)
        yield _line(MARGIN + 12, y + 21, first)
        yield _line(MARGIN + 12, y + 41, second)


def _openings(picture: Picture, top: int) -> Iterator[str]:
    for i, opening in enumerate(picture.openings):
        text = opening.text + (f" ({opening.change})" if opening.change else "")
        yield _line(MARGIN, top + (i + 1) * LINE_HEIGHT, text, color=COLORS[opening.change][1])


def _box(left: int, top: int, width: int, height: int, change: str, thick: int) -> str:
    fill, stroke = COLORS[change]
    return (
        f"<rect x='{left}' y='{top}' width='{width}' height='{height}' rx='6' fill='{fill}' "
        f"stroke='{stroke}' stroke-width='{thick}'/>"
    )


def _line(left: int, base: int, text: str, *, size: int = 13, color: str = "#1f2328") -> str:
    return f"<text x='{left}' y='{base}' font-size='{size}' fill='{color}'>{escape(text)}</text>"
