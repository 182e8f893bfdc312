"""IAM policies that the caller adds to the nodes' roles."""

import re

from .reader import Reader

_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?")
_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(aws|\d{12}):policy/[\w+=,.@/-]+")
MAX_POLICIES = 10  # managed policies per role (IAM quotas)


def check_policy_arns(reader: Reader) -> None:
    """ARNs of managed policies by name; those that are outputs are not known yet, nor looked at.

    Named, because an attachment is a resource: with its place in a list for a
    name, the one that moves up is attached anew and then detached with the last.
    """
    arns = reader.string_map("extra_policy_arns")
    path = reader.path("extra_policy_arns")
    if len(arns) > MAX_POLICIES:
        reader.wrong(
            "extra_policy_arns",
            f"must be at most {MAX_POLICIES}, which is what IAM lets a role have",
            "put several into one policy",
            len(arns),
        )
    reader.refuse_repeated(
        "extra_policy_arns", [arn for arn in arns.values() if not _is_later(arn)]
    )
    for name, arn in arns.items():
        if not _NAME.fullmatch(name):
            reader.problems.add(
                path,
                name,
                "must have names of at most 32 letters, digits and hyphens",
                "choose another name; it names the attachment",
            )
        if not _is_later(arn) and not _POLICY_ARN.fullmatch(arn):
            reader.problems.add(
                f"{path}.{name}",
                arn,
                "must be the ARN of a managed policy, such as "
                "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
                "correct it",
            )


def _is_later(arn: str) -> bool:
    """Whether it is the placeholder of an output, which stands in parentheses."""
    return arn.startswith("(")
