"""A swarm of three managers and two workers, with an overlay network for services."""

import pulumi

from pulumi_swarm import SwarmCluster

config = pulumi.Config()

cluster = SwarmCluster(
    "swarm",
    {
        "manager_count": 3,
        "worker_count": 2,
        "access": config.get("access") or "public",
        "admin_cidrs": config.require_object("adminCidrs"),
        "ssh_authorized_keys": config.require_object("sshAuthorizedKeys"),
        "ssh_identity_file": config.get("sshIdentityFile") or "",
        "ssh_proxy_command": config.get("sshProxyCommand") or "",
        "networks": [{"name": "app"}],
    },
)

pulumi.export("dockerHost", cluster.docker_host)
pulumi.export("networkIds", cluster.network_ids)
