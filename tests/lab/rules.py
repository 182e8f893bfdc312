"""Rules of the swarm's security groups, taken out behind Pulumi's back."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.cloud import LocalCloud, Stack


@contextmanager
def rules_taken_out(
    swarm: LocalCloud,
    stack: Stack,
    port: int | None = None,
    *,
    protocol: str = "",
    source: str = "",
) -> Iterator[None]:
    """Take the ingress rules for a port or a protocol out; Pulumi finds that and mends it.

    ``source`` names the group whose traffic is meant; all, when it is empty.
    """
    ec2 = swarm.aws("ec2")
    taken = 0
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        matching = [
            {**permission, "UserIdGroupPairs": pairs}
            for permission in group["IpPermissions"]
            if permission["IpProtocol"] == protocol or (port and permission.get("FromPort") == port)
            if (pairs := [p for p in permission["UserIdGroupPairs"] if source in p["GroupId"]])
        ]
        if matching:
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=matching)
            taken += len(matching)
    assert taken
    try:
        yield
    finally:
        stack.refresh()
        stack.up()
        assert stack.preview() == {}
