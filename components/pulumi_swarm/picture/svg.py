"""A picture as SVG, drawn without any library: columns of zones, then networks, then groups."""

from collections.abc import Iterator, Sequence
from html import escape
from textwrap import wrap

from pulumi_swarm.plan.ports import Role

from .model import STAYS, Machine, Picture

# Pixels. No letter of the font below is wider than LETTER.
LETTER, LINE_HEIGHT = 8, 20
NARROWEST_COLUMN, FEWEST_COLUMNS = 250, 3
GAP, MARGIN, PADDING = 20, 24, 12
BETWEEN_BOXES = 10
TITLE_HEIGHT, ZONE_TITLE_HEIGHT = 56, 36

COLORS = {
    STAYS: ("#f6f8fa", "#57606a"),
    "added": ("#dafbe1", "#1a7f37"),
    "changed in place": ("#ddf4ff", "#0969da"),
    "replaced": ("#fff8c5", "#9a6700"),
    "removed": ("#ffebe9", "#cf222e"),
}
INK = "#1f2328"
NAMESPACE = "http://www.w3.org/2000/svg"
FONT = "font-family='ui-monospace, Menlo, Consolas, monospace' font-size='13'"

Line = tuple[str, str]  # its text and its color


def render(picture: Picture) -> str:
    """The text of the drawing."""
    column = _column(picture)
    columns = max(len(picture.zones), FEWEST_COLUMNS)
    width = 2 * MARGIN + columns * column + (columns - 1) * GAP
    body, bottom = _zones(picture, column)
    for lines, change in _rows(picture, (width - 2 * MARGIN - 2 * PADDING) // LETTER):
        body += _box(MARGIN, bottom, width - 2 * MARGIN, lines, change)
        bottom += _height(lines) + BETWEEN_BOXES
    height = bottom + MARGIN
    head = [
        f"<svg xmlns='{NAMESPACE}' viewBox='0 0 {width} {height}' width='{width}' {FONT}>",
        f"<title>Swarm {escape(picture.name)}</title>",
        f"<rect width='{width}' height='{height}' fill='#ffffff'/>",
        _text(MARGIN, 34, f"swarm {picture.name}", size=20),
    ]
    return "\n".join([*head, *body, "</svg>"]) + "\n"


def _column(picture: Picture) -> int:
    """How wide a zone is: nothing in it is cut."""
    texts = [text for machine in picture.machines for text in _said(machine)]
    longest = max((len(text) for text in [*texts, *picture.zones]), default=0)
    return max(NARROWEST_COLUMN, longest * LETTER + 4 * PADDING)


def _zones(picture: Picture, column: int) -> tuple[list[str], int]:
    """The zones with their machines, and where they end."""
    rows = max((len(picture.machines_in(zone)) for zone in picture.zones), default=0)
    each = _height(("", "")) + BETWEEN_BOXES
    height = ZONE_TITLE_HEIGHT + rows * each
    drawn = []
    for i, zone in enumerate(picture.zones):
        left = MARGIN + i * (column + GAP)
        drawn += [
            (
                f"<rect x='{left}' y='{TITLE_HEIGHT}' width='{column}' height='{height}' rx='8' "
                "fill='none' stroke='#8c959f' stroke-dasharray='6 4'/>"
            ),
            _text(left + PADDING, TITLE_HEIGHT + 22, zone),
        ]
        for row, machine in enumerate(picture.machines_in(zone)):
            top = TITLE_HEIGHT + ZONE_TITLE_HEIGHT + row * each
            drawn += _machine(machine, left + PADDING, top, column - 2 * PADDING)
    return drawn, TITLE_HEIGHT + height + GAP


def _machine(machine: Machine, left: int, top: int, width: int) -> list[str]:
    thick = 3 if machine.role == Role.MANAGER else 1
    lines = [(text, INK) for text in _said(machine)]
    return _box(left, top, width, lines, machine.change, thick)


def _said(machine: Machine) -> tuple[str, str]:
    return machine.name, machine.role + (f", {machine.change}" if machine.change else "")


def _rows(picture: Picture, letters: int) -> Iterator[tuple[list[Line], str]]:
    """The networks and the groups, each with its lines and its change."""
    for network in picture.networks:
        details = [*network.details, *([network.users] if network.users else [])]
        yield _lines(network.name, network.change, [(" · ".join(details), INK)], letters)
    for group in picture.groups:
        openings = [(o.text + _changed(o.change), COLORS[o.change][1]) for o in group.openings]
        yield _lines(group.name, group.change, openings, letters)


def _lines(name: str, change: str, lines: Sequence[Line], letters: int) -> tuple[list[Line], str]:
    wrapped = [(part, color) for text, color in lines for part in wrap(text, letters)]
    return [(name + _changed(change), INK), *wrapped], change


def _changed(change: str) -> str:
    return f" ({change})" if change else ""


def _height(lines: Sequence[object]) -> int:
    return len(lines) * LINE_HEIGHT + PADDING


def _box(
    left: int, top: int, width: int, lines: Sequence[Line], change: str, thick: int = 1
) -> list[str]:
    fill, stroke = COLORS[change]
    return [
        (
            f"<rect x='{left}' y='{top}' width='{width}' height='{_height(lines)}' rx='6' "
            f"fill='{fill}' stroke='{stroke}' stroke-width='{thick}'/>"
        ),
        *(
            _text(left + PADDING, top + (i + 1) * LINE_HEIGHT, text, color=color)
            for i, (text, color) in enumerate(lines)
        ),
    ]


def _text(left: int, base: int, text: str, *, size: int = 13, color: str = INK) -> str:
    return f"<text x='{left}' y='{base}' font-size='{size}' fill='{color}'>{escape(text)}</text>"
