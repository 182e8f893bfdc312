"""IAM policies that the caller adds to the nodes' roles."""

import re

from .reader import Reader, refuse_repeated

_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(aws|\d{12}):policy/[\w+=,.@/-]+")
MAX_POLICIES = 10  # managed policies per role (IAM quotas)


def read_policy_arns(reader: Reader, later: str = "(") -> tuple[str, ...]:
    """ARNs of managed policies; a value that starts with ``later`` is not known yet."""
    arns = reader.strings("extra_policy_arns")
    if len(arns) > MAX_POLICIES:
        reader.wrong(
            "extra_policy_arns",
            f"must be at most {MAX_POLICIES}, which is what IAM lets a role have",
            "put several into one policy",
            len(arns),
        )
    known = [arn for arn in arns if not arn.startswith(later)]
    refuse_repeated(reader, "extra_policy_arns", known)
    for i, arn in enumerate(arns):
        if not arn.startswith(later) and not _POLICY_ARN.fullmatch(arn):
            reader.problems.add(
                f"{reader.path('extra_policy_arns')}[{i}]",
                arn,
                "must be the ARN of a managed policy, such as "
                "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
                "correct it",
            )
    return arns
