"""How sentences count things and say what differs."""

from .steps import Change, Step


def which(step: Step) -> str:
    """The properties that differ, in brackets."""
    if step.change in (Change.ADD, Change.REMOVE) or not step.differences:
        return ""
    return f" ({', '.join(step.differences)})"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 service, 2 services."""
    return f"{number} {one if number == 1 else many or one + 's'}"
