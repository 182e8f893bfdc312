"""Tags of AWS resources."""

import re

from .reader import Reader

MAX_TAGS = 40  # 50 per resource (AWS tagging reference), less those that this package sets
RESERVED_TAG_PREFIX = "aws:"
# IAM's rule (API reference, Tag), narrower than EC2's: letters, spaces, digits and _.:/=+-@
_MAX_KEY, _MAX_VALUE = 128, 256
_TEXT = re.compile(r"[\w .:/=+\-@]*")


def read_tags(reader: Reader) -> dict[str, str]:
    """Tags for every resource that takes any."""
    tags = reader.string_map("tags")
    if len(tags) > MAX_TAGS:
        reader.wrong(
            "tags", f"must be at most {MAX_TAGS} (AWS has 50)", "leave some out", len(tags)
        )
    for key in tags:
        if key.lower().startswith(RESERVED_TAG_PREFIX):
            reader.problems.add(
                f"{reader.path('tags')}.{key}",
                key,
                "must not start with aws:, which AWS keeps for itself",
                "choose another key",
            )
        for text, most in ((key, _MAX_KEY), (tags[key], _MAX_VALUE)):
            if not _TEXT.fullmatch(text) or len(text) > most:
                reader.problems.add(
                    f"{reader.path('tags')}.{key}",
                    text,
                    f"must be at most {most} letters, digits, spaces and _ . : / = + - @, since "
                    "IAM takes no other",
                    "write it without the others",
                )
    _refuse_twins(reader, tags)
    return tags


def _refuse_twins(reader: Reader, tags: dict[str, str]) -> None:
    """IAM holds keys that differ only in case for one."""
    first: dict[str, str] = {}
    for key in tags:
        if first.setdefault(key.casefold(), key) != key:
            reader.problems.add(
                f"{reader.path('tags')}.{key}",
                key,
                f"must differ from {first[key.casefold()]} in more than case, for IAM",
                "leave one of them out",
            )
