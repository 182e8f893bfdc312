"""Managers of a fixed number, and workers that follow the load, most of them spot machines."""

import pulumi
import pulumi_aws as aws

from pulumi_swarm import SwarmCluster

config = pulumi.Config()

cluster = SwarmCluster(
    "swarm",
    {
        "manager_count": 3,
        "access": config.get("access") or "public",
        "admin_cidrs": config.require_object("adminCidrs"),
        "ssh_authorized_keys": config.require_object("sshAuthorizedKeys"),
        "ssh_identity_file": config.get("sshIdentityFile") or "",
        "ssh_proxy_command": config.get("sshProxyCommand") or "",
        # Services go there with --constraint engine.labels.swarm.pool==web
        "worker_pools": [
            {
                "name": "web",
                "min_size": 2,
                "max_size": 20,
                "instance_types": ["m7i.large", "m7a.large", "m6i.large"],
                "on_demand_base_capacity": 1,
                "on_demand_percentage_above_base_capacity": 0,
            }
        ],
        "networks": [{"name": "app"}],
    },
)

aws.autoscaling.Policy(
    "follow-the-load",
    autoscaling_group_name=cluster.autoscaling_groups["web"],
    policy_type="TargetTrackingScaling",
    target_tracking_configuration=aws.autoscaling.PolicyTargetTrackingConfigurationArgs(
        predefined_metric_specification=(
            aws.autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs(
                predefined_metric_type="ASGAverageCPUUtilization"
            )
        ),
        target_value=60,
    ),
)

pulumi.export("docker_host", cluster.docker_host)
pulumi.export("autoscaling_groups", cluster.autoscaling_groups)
