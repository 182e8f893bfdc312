"""Tags of AWS resources."""

import re
from collections.abc import Mapping

from .reader import Reader

MAX_TAGS = 40  # 50 per resource (AWS tagging reference), less those that this package sets
RESERVED_TAG_PREFIX = "aws:"
MAX_KEY_LENGTH, MAX_VALUE_LENGTH = 128, 256  # the same reference
IAM_TEXT = re.compile(r"[\w .:/=+\-@]*")  # IAM API reference, Tag


def read_tags(reader: Reader, *, of_roles: bool = False) -> dict[str, str]:
    """Tags for every resource that takes any; ``of_roles`` when IAM's are among these."""
    tags = reader.string_map("tags")
    if len(tags) > MAX_TAGS:
        reader.wrong(
            "tags", f"must be at most {MAX_TAGS} (AWS has 50)", "leave some out", len(tags)
        )
    for key, value in tags.items():
        path = f"{reader.path('tags')}.{key}"
        if key.lower().startswith(RESERVED_TAG_PREFIX):
            reader.problems.add(
                path,
                key,
                "must not start with aws:, which AWS keeps for itself",
                "choose another key",
            )
        for text, least, most in ((key, 1, MAX_KEY_LENGTH), (value, 0, MAX_VALUE_LENGTH)):
            if not least <= len(text) <= most:
                reader.problems.add(
                    path, text, f"must be {least} to {most} characters", "choose another"
                )
    if of_roles:
        _check_for_iam(reader, tags)
    return tags


def _check_for_iam(reader: Reader, tags: Mapping[str, str]) -> None:
    """IAM takes fewer characters than EC2, and keys that differ only in case for one."""
    first: dict[str, str] = {}
    for key, value in tags.items():
        path = f"{reader.path('tags')}.{key}"
        for text in (key, value):
            if not IAM_TEXT.fullmatch(text):
                reader.problems.add(
                    path,
                    text,
                    "must hold letters, digits, spaces and _ . : / = + - @ alone, since IAM takes "
                    "no other",
                    "write it without the others",
                )
        if first.setdefault(key.casefold(), key) != key:
            reader.problems.add(
                path,
                key,
                f"must differ from {first[key.casefold()]} in more than case, for IAM",
                "leave one of them out",
            )
