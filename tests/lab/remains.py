"""What a destroy has left behind in the local cloud."""

from collections.abc import Iterator

from tests.lab.cloud import LocalCloud


def remains(cloud: LocalCloud) -> list[str]:
    """All that a stack could have made and that is still there."""
    return [f"{what}: {found}" for what, found in _everything(cloud) if found]


def _everything(cloud: LocalCloud) -> Iterator[tuple[str, object]]:
    ec2, iam, scaling = (cloud.aws(name) for name in ("ec2", "iam", "autoscaling"))
    yield "machines", cloud.hosts()
    yield "disks", list(cloud.config.hosts.iterdir())
    yield "VPCs", [v for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]]
    yield "addresses", ec2.describe_addresses()["Addresses"]
    # moto keeps interfaces that it made for a machine by itself; AWS removes them with it.
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    yield "interfaces", [i for i in interfaces if i.get("TagSet")]
    groups = ec2.describe_security_groups()["SecurityGroups"]
    yield "security groups", [g["GroupName"] for g in groups if g["GroupName"] != "default"]
    yield "launch templates", ec2.describe_launch_templates()["LaunchTemplates"]
    yield "auto-scaling groups", scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    secrets = cloud.aws("secretsmanager").list_secrets(IncludePlannedDeletion=True)
    yield "secrets", secrets["SecretList"]
    parameters = cloud.aws("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": ["/pulumi-swarm"]}]
    )
    yield "parameters", parameters["Parameters"]
    yield "roles", iam.list_roles()["Roles"]
    yield "instance profiles", iam.list_instance_profiles()["InstanceProfiles"]
