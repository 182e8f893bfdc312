"""The one error that wrong input raises."""

import pulumi

from .plan.problems import Problems


class SwarmInputError(pulumi.RunError, pulumi.InputPropertiesError):
    """Wrong input, all of it, in one readable message.

    A ``RunError`` ends a Python program with this message and no traceback; an
    ``InputPropertiesError`` does the same where the component is used from
    another language.
    """

    def __init__(self, problems: Problems, component: str) -> None:
        super().__init__(f"{component}: {problems}")
        self.message = str(self)
        self.errors = [
            {"property_path": p.path, "reason": f"{p.allowed}; {p.remedy}"} for p in problems.found
        ]
