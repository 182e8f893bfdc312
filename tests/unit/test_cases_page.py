"""docs/cases.md and the names of the tests say the same."""

import re
from pathlib import Path

PREFIXES = "pd|kd|es|mt|of|ap|gw|vi|nw|sg|ud|im|ia|jn|qr|py"
KINDS = ("unit", "lab", "faults")  # folders of tests
PAGE = Path("docs/cases.md").read_text(encoding="utf-8")
ROWS = {
    cells[0]: {kind.strip() for kind in cells[-1].split(",")}
    for line in PAGE.splitlines()
    if re.match(r"\| [A-Z]{2}-\d+ ", line)
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}


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
