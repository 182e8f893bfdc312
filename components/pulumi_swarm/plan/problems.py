"""Mistakes in the input, collected so that one run shows them all."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: which input, what was given, what is allowed, what to do."""

    path: str
    value: object
    allowed: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path} is {_shown(self.value)}: {self.allowed}; {self.remedy}"


@dataclass(slots=True)
class Problems:
    """A list of mistakes that grows while input is read."""

    found: list[Problem] = field(default_factory=list)

    def add(self, path: str, value: object, allowed: str, remedy: str) -> None:
        """Record a mistake, once."""
        problem = Problem(path=path, value=value, allowed=allowed, remedy=remedy)
        if problem not in self.found:
            self.found.append(problem)

    def __str__(self) -> str:
        count = len(self.found)
        title = "1 input is wrong" if count == 1 else f"{count} inputs are wrong"
        return "\n".join([f"{title}; nothing was made:", *(f"  - {p}" for p in self.found)])


_SHOWN_LENGTH = 80  # characters; a longer value would bury the sentence


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as the caller wrote it: a package is sent every number as a float
    text = repr(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[: _SHOWN_LENGTH - 3]}..."
