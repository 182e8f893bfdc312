"""IAM policies that the caller adds to the nodes' roles."""

import re

from .reader import Reader

_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(aws|\d{12}):policy/[\w+=,.@/-]+")
MAX_POLICIES = 10  # managed policies per role (IAM quotas)


def check_policy_arns(reader: Reader) -> None:
    """ARNs of managed policies; those that are outputs are not known yet, and not looked at."""
    arns = reader.strings("extra_policy_arns")
    if len(arns) > MAX_POLICIES:
        reader.wrong(
            "extra_policy_arns",
            f"must be at most {MAX_POLICIES}, which is what IAM lets a role have",
            "put several into one policy",
            len(arns),
        )
    reader.refuse_repeated("extra_policy_arns", [arn for arn in arns if not _is_later(arn)])
    reader.check_items(
        "extra_policy_arns",
        arns,
        lambda arn: _is_later(arn) or _POLICY_ARN.fullmatch(arn) is not None,
        "must be the ARN of a managed policy, such as "
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
        "correct it",
    )


def _is_later(arn: str) -> bool:
    """Whether it is the placeholder of an output, which stands in parentheses."""
    return arn.startswith("(")
