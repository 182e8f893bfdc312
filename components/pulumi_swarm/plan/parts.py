"""What the parts of a swarm that stand alone are made from: its firewall and its join secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from .access import read_admin_cidrs
from .policies import check_policy_arns
from .problems import Problems
from .reader import Reader
from .swarm import read_data_path_port
from .tags import read_tags

GIVEN_GROUPS = ("manager_security_group_id", "worker_security_group_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallPlan:
    """What the firewall's rules are made from."""

    data_path_port: int
    encrypted: bool
    admin_cidrs: tuple[IPv4Network, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPlan:
    """What the join secrets and roles are made from."""

    session_manager: bool
    autoscaled: bool
    tags: Mapping[str, str]


def read_firewall(values: object, known: Sequence[str], problems: Problems) -> FirewallPlan:
    """Read the args of a firewall that stands alone."""
    reader = Reader(values, known, problems)
    check_given_groups(reader)
    return FirewallPlan(
        data_path_port=read_data_path_port(reader),
        encrypted=reader.boolean("encrypted", default=False),
        admin_cidrs=read_admin_cidrs(reader),
        tags=read_tags(reader),
    )


def check_given_groups(reader: Reader) -> None:
    """Both security groups are given, two different ones, or none."""
    given = [name for name in GIVEN_GROUPS if reader.has(name)]
    if len(given) == 1:
        (missing,) = set(GIVEN_GROUPS) - set(given)
        reader.wrong(
            missing,
            f"must be given with {reader.path(given[0])}: rules go from one group to the other",
            "give both groups, or leave both out and they are made",
        )
    values = [reader.raw(name) for name in given]
    if len(given) == len(GIVEN_GROUPS) and values[0] == values[1] and _is_known(values[0]):
        reader.wrong(
            GIVEN_GROUPS[1],
            "must be another group than the managers': workers may reach less",
            "give a second group",
        )


def read_join(values: object, known: Sequence[str], problems: Problems) -> JoinPlan:
    """Read the args of the join secrets that stand alone."""
    reader = Reader(values, known, problems)
    check_policy_arns(reader)
    return JoinPlan(
        session_manager=reader.boolean("session_manager", default=False),
        autoscaled=reader.boolean("autoscaled", default=False),
        tags=read_tags(reader, of_roles=True),
    )


def _is_known(value: object) -> bool:
    return isinstance(value, str) and value.startswith("sg-")
