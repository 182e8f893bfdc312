"""Args of a whole swarm.

No ``from __future__ import annotations`` here: Pulumi reads the annotations at
run time to infer the package's schema.
"""

from typing import NotRequired

import pulumi

from .network import OverlayNetworkArgs
from .shared_args import (
    AutoscaledPoolArgs,
    DaemonArgs,
    ManagerArgs,
    NodeArgs,
    SpecArgs,
    SwarmArgs,
    WorkerArgs,
)


class SwarmClusterArgs(ManagerArgs, WorkerArgs, NodeArgs, DaemonArgs, SpecArgs, SwarmArgs):
    """Args of SwarmCluster."""

    availability_zones: NotRequired[list[str]]
    """Up to three zones. The region's first three when not given."""
    nat: NotRequired[str]
    """none, single or per-zone: NAT gateways for private subnets, which machines with private,
    bastion or ssm access need. single with those, none with public, when not given. Amazon VPC:
    "NAT gateways"."""
    vpc_id: NotRequired[pulumi.Input[str]]
    """A VPC that exists, with subnetIds and vpcCidr. One is made when not given."""
    subnet_ids: NotRequired[list[pulumi.Input[str]]]
    """Subnets of that VPC for the machines, taken in turn; needed with vpcId. They must have a way
    out: a NAT, or, with access public, public addresses that they give to machines at launch. The
    made VPC's own when not given."""
    manager_security_group_id: NotRequired[pulumi.Input[str]]
    """A security group of that VPC to make the managers' rules in. One is made when not given."""
    worker_security_group_id: NotRequired[pulumi.Input[str]]
    """The same for workers; given with the managers' or not at all. One is made when not given."""
    admin_cidrs: NotRequired[list[str]]
    """Where ssh to the managers may come from, ranges of /8 or smaller; needed unless access is
    ssm. None with ssm, when not given."""
    extra_policy_arns: NotRequired[dict[str, pulumi.Input[str]]]
    """Up to 10 IAM policies for every node's role besides its own: ARNs by names of your choice.
    None when not given. IAM: "IAM and AWS STS quotas"."""
    # Pulumi's Go generator writes no args for the object type that it meets first, by the alphabet
    # of inputs, when nothing else uses it. This one must not come first.
    worker_pools: NotRequired[list[AutoscaledPoolArgs]]
    """Workers in auto-scaling groups besides workerCount. None when not given."""
    networks: NotRequired[list[OverlayNetworkArgs]]
    """The overlay networks. None when not given."""
    probe_networks: NotRequired[list[str]]
    """Networks of those to prove after each change of theirs or of the nodes: an update fails, with
    the likely cause, when packets do not cross between all nodes. None when not given."""
    probe_image: NotRequired[str]
    """The image that proves them, with busybox's commands. busybox:1.37 when not given."""
    allow_encrypted_networks: NotRequired[bool]
    """Open IP protocol 50 also for encrypted networks that are declared elsewhere. false when
    not given."""
