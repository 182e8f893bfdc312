"""A swarm in a VPC and subnets that are there already, with its networks clear of both."""

import pulumi

from pulumi_swarm import SwarmCluster

config = pulumi.Config()

cluster = SwarmCluster(
    "swarm",
    {
        "manager_count": 3,
        "worker_count": 2,
        # The subnets need a way to AWS and to the package mirrors: NAT, or endpoints and mirrors.
        "vpc_id": config.require("vpcId"),
        "subnet_ids": config.require_object("subnetIds"),
        "vpc_cidr": config.require("vpcCidr"),
        "access": "private",
        "admin_cidrs": config.require_object("adminCidrs"),
        "ssh_authorized_keys": config.require_object("sshAuthorizedKeys"),
        "networks": [{"name": "app"}],
    },
)

pulumi.export("dockerHost", cluster.docker_host)
