"""Two swarms in one program and region, each with its own VPC and its own way to Docker."""

import pulumi

from pulumi_swarm import SwarmCluster

config = pulumi.Config()

for name, cidr in (("blue", "10.20.0.0/16"), ("green", "10.30.0.0/16")):
    cluster = SwarmCluster(
        name,
        {
            "manager_count": 1,
            "worker_count": 1,
            "vpc_cidr": cidr,
            "access": config.get("access") or "public",
            "admin_cidrs": config.require_object("adminCidrs"),
            "ssh_authorized_keys": config.require_object("sshAuthorizedKeys"),
            "ssh_identity_file": config.get("sshIdentityFile") or "",
            "ssh_proxy_command": config.get("sshProxyCommand") or "",
            "networks": [{"name": "app"}],
        },
    )
    pulumi.export(f"{name}DockerHost", cluster.docker_host)
