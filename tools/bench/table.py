"""One table of what was measured, each beside what it is held against."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement: ours, another's, and what their ratio (ours to theirs) should be at most."""

    work: str
    ours: float
    against: str
    theirs: float
    unit: str = "s"
    at_most: float | None = None

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs if self.theirs else float("inf")

    @property
    def verdict(self) -> str:
        if self.at_most is None:
            return ""
        return f"at most {self.at_most:g}: {'yes' if self.ratio <= self.at_most else 'NO'}"


@dataclass
class Table:
    """Rows as they come, each printed at once."""

    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        if not self.rows:
            print("| Work | Ours | Against | Theirs | Ratio | Aim |")
            print("| --- | --- | --- | --- | --- | --- |")
        self.rows.append(row)
        ours, theirs = (f"{value:.1f} {row.unit}" for value in (row.ours, row.theirs))
        cells = (row.work, ours, row.against, theirs, f"{row.ratio:.2f}", row.verdict)
        print(f"| {' | '.join(cells)} |", flush=True)


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Seconds since the block began; those of the whole block once it has ended."""
    began = time.monotonic()
    ended: list[float] = []
    yield lambda: (ended[0] if ended else time.monotonic()) - began
    ended.append(time.monotonic())
