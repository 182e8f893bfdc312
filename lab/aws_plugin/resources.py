"""All resource types that the stand-in serves."""

from lab.aws_plugin import autoscaling, compute, firewall, identity, network, secrets
from lab.aws_plugin.base import ResourceType

TYPES: tuple[type[ResourceType], ...] = (
    network.Vpc,
    network.Subnet,
    network.InternetGateway,
    network.Eip,
    network.NatGateway,
    network.RouteTable,
    network.Route,
    network.RouteTableAssociation,
    firewall.SecurityGroup,
    firewall.SecurityGroupIngressRule,
    firewall.SecurityGroupEgressRule,
    compute.NetworkInterface,
    compute.Instance,
    autoscaling.LaunchTemplate,
    autoscaling.Group,
    autoscaling.Policy,
    secrets.Secret,
    secrets.SecretVersion,
    secrets.Parameter,
    identity.Role,
    identity.RolePolicy,
    identity.RolePolicyAttachment,
    identity.InstanceProfile,
)
