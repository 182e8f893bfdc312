"""Tags of AWS resources."""

from .reader import Reader

MAX_TAGS = 40  # 50 per resource (AWS tagging reference), less those that this package sets
RESERVED_TAG_PREFIX = "aws:"


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
    return tags
