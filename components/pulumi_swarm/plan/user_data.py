"""Parts of user-data that the caller adds to the package's own."""

from dataclasses import dataclass
from enum import StrEnum

from .guard import holds_secret
from .reader import Reader


class PartKind(StrEnum):
    """What cloud-init does with a part (cloud-init, "User-data formats")."""

    SHELL_SCRIPT = "text/x-shellscript"
    CLOUD_CONFIG = "text/cloud-config"
    CLOUD_BOOTHOOK = "text/cloud-boothook"


_FIRST_LINES = {
    PartKind.SHELL_SCRIPT: "#!",
    PartKind.CLOUD_CONFIG: "#cloud-config",
    PartKind.CLOUD_BOOTHOOK: "#cloud-boothook",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of user-data."""

    kind: PartKind
    content: str


def read_parts(reader: Reader) -> tuple[Part, ...]:
    """The caller's parts, in their order."""
    found = []
    for item in reader.each("user_data_parts", ("content_type", "content")):
        kind = item.choice("content_type", PartKind.SHELL_SCRIPT)
        content = item.text("content", "")
        first = _FIRST_LINES[kind]
        if not content.startswith(first):
            item.wrong(
                "content",
                f"must start with {first} as a part of {kind} does",
                "correct the first line, or the contentType",
                content.partition("\n")[0],
            )
        elif kind is PartKind.CLOUD_BOOTHOOK and not content.partition("\n")[2].startswith("#!"):
            item.wrong(
                "content",
                "must name its interpreter in the second line: cloud-init takes the first away and "
                "runs the rest",
                "add a line such as #!/bin/sh after the first",
                content.partition("\n")[0],
            )
        if holds_secret(content):
            item.wrong(
                "content",
                "must hold no join token: user-data can be read by many (JN-10)",
                "leave it out: nodes join by themselves",
                "(a text with a token)",
            )
        found.append(Part(kind=kind, content=content))
    return tuple(found)
