"""docs/cases.md and the names of the tests say the same."""

import re
from pathlib import Path

PREFIXES = "pd|kd|es|mt|of|ap|gw|vi|nw|sg|ud|im|ia|jn|qr|py"
# The whole collection: a case that is dropped from the page is missed.
COLLECTED = {
    "PD": (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 14, 16, 17, 18),
    "KD": (1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15),
    "ES": (1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 13),
    "MT": (1, 2, 3, 4),
    "OF": (1, 2, 3, 4, 5, 7, 8),
    "AP": (1, 2, 4, 5, 6, 8, 9, 10, 11),
    "GW": (1, 2, 4, 5, 6, 7),
    "VI": (1, 2, 3, 4, 5, 7, 8, 9),
    "NW": (2, 3, 4, 5, 6, 7, 8, 9),
    "SG": (1, 2, 4, 6, 7, 8),
    "UD": (1, 2, 3, 4, 6, 8, 9),
    "IM": (2,),
    "IA": (2, 3),
    "JN": (1, 3, 4, 5, 6, 8, 9, 10, 11, 13),
    "QR": (1, 2, 3, 4, 5, 6, 8, 10, 11, 12),
    "PY": (1, 2, 3, 4, 5, 6, 8, 9, 10),
}
KINDS = ("unit", "lab", "faults")  # folders of tests
PAGE = Path("docs/cases.md").read_text(encoding="utf-8")
ROWS = {
    cells[0]: {kind.strip() for kind in cells[-1].split(",")}
    for line in PAGE.splitlines()
    if re.match(r"\| [A-Z]{2}-\d+ ", line)
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}


def test_every_case_of_the_collection_is_on_the_page() -> None:
    assert {f"{k}-{n}" for k, numbers in COLLECTED.items() for n in numbers} == set(ROWS)


def test_every_row_says_how_it_is_shown() -> None:
    known = {*KINDS, "documented", "on a kernel with ESP", "on a kernel with IPVS"}
    assert {kind for kinds in ROWS.values() for kind in kinds} - known == set()


def test_every_row_has_the_command_that_tells() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| [A-Z]{2}-\d+ ", line)]
    assert [row for row in rows if "`" not in row.split(" | ")[3]] == []


def test_ids_in_the_troubleshooting_page_are_cases() -> None:
    page = Path("docs/troubleshooting.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\(([A-Z]{2}-\d+)\)", page))
    assert len(named) > 10
    assert named - ROWS.keys() == set()


def ids_in(folder: str) -> set[str]:
    """Ids in names of tests, as in ``test_x_kd_2``, and beside rows of tables, as in ``# KD-2``."""
    found = set()
    for path in Path("tests", folder).glob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"def (test_\w+)", text):
            found |= {f"{k.upper()}-{n}" for k, n in re.findall(rf"_({PREFIXES})_(\d+)", name)}
        for comment in re.findall(r"#(.*)", text):
            found |= set(re.findall(r"\b[A-Z]{2}-\d+\b", comment))
    return found


def test_every_case_on_the_page_has_the_tests_it_claims() -> None:
    claimed = {kind: {i for i, kinds in ROWS.items() if kind in kinds} for kind in KINDS}
    for kind in KINDS:
        assert claimed[kind] - ids_in(kind) == set()


def test_every_case_that_a_test_names_is_on_the_page() -> None:
    assert set().union(*map(ids_in, KINDS)) - ROWS.keys() == set()
