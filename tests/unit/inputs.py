"""Args that are good as they stand, for tests to spoil one by one."""

from typing import Any

from pulumi_swarm import SwarmClusterArgs
from pulumi_swarm.plan.cluster import ClusterPlan, read_cluster
from pulumi_swarm.plan.problems import Problem, Problems

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdjt/z6VSUNlERTdxH0jiVI0PYAnmn32ukS3nfv/Yap me@here"

GOOD: dict[str, Any] = {
    "manager_count": 3,
    "worker_count": 2,
    "vpc_cidr": "10.20.0.0/16",
    "access": "private",
    "admin_cidrs": ["203.0.113.10/32"],
    "ssh_authorized_keys": [KEY],
    "networks": [
        {"name": "app"},
        {"name": "secure", "encrypted": True, "subnet": "10.210.0.0/24", "mtu": 1400},
    ],
}


def read(**changes: Any) -> tuple[ClusterPlan, list[Problem]]:
    """The plan of the good args with changes; None takes an input away."""
    problems = Problems()
    values = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    plan = read_cluster(values, tuple(SwarmClusterArgs.__annotations__), problems)
    return plan, problems.found
