"""The security groups of a swarm."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .args import raise_for, settle, spelled
from .plan.parts import GIVEN_GROUPS, read_firewall
from .plan.ports import ANYWHERE, OUTLETS, SSH_PORT, Pair, Port, Role, pairs, swarm_ports
from .plan.problems import Problems


class SwarmFirewallArgs(TypedDict):
    """Args of SwarmFirewall."""

    vpc_id: pulumi.Input[str]
    """The VPC of the machines."""
    manager_security_group_id: NotRequired[pulumi.Input[str]]
    """A security group of that VPC to make the managers' rules in. One is made when not given."""
    worker_security_group_id: NotRequired[pulumi.Input[str]]
    """The same for workers; given with the managers' or not at all. One is made when not given."""
    data_path_port: NotRequired[int]
    """The UDP port of overlay traffic, 1024 to 49151. 4789 when not given."""
    encrypted: NotRequired[bool]
    """Whether any network is encrypted, which needs IP protocol 50 (ESP). false when not given."""
    admin_cidrs: NotRequired[list[str]]
    """Where ssh to the managers may come from. Nowhere when not given."""
    tags: NotRequired[dict[str, str]]
    """Tags for every resource that takes any."""


class SwarmFirewall(pulumi.ComponentResource):
    """Two security groups, made or given, and one rule resource for each purpose.

    Swarm traffic is let in from the two groups, never from an address range.
    """

    manager_security_group_id: pulumi.Output[str]
    """The managers' group."""
    worker_security_group_id: pulumi.Output[str]
    """The workers' group."""

    def __init__(
        self, name: str, args: SwarmFirewallArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = spelled(args, SwarmFirewallArgs.__annotations__)
        problems = Problems()
        values = settle(args, ("vpc_id", *GIVEN_GROUPS), problems)
        plan = read_firewall(values, tuple(SwarmFirewallArgs.__annotations__), problems)
        raise_for(problems, "SwarmFirewall")
        super().__init__("swarm:index:SwarmFirewall", name, dict(args), opts)
        self._name = name
        self._tags = plan.tags
        self._child = pulumi.ResourceOptions(parent=self)
        given = {
            Role.MANAGER: args.get("manager_security_group_id"),
            Role.WORKER: args.get("worker_security_group_id"),
        }
        self.groups = {role: self._group(role, args["vpc_id"], given[role]) for role in Role}
        for pair in pairs(
            swarm_ports(data_path_port=plan.data_path_port, encrypted=plan.encrypted)
        ):
            self._between(pair)
        self._outlets()
        for cidr in plan.admin_cidrs:
            self._ssh(str(cidr))
        self.manager_security_group_id = self.groups[Role.MANAGER]
        self.worker_security_group_id = self.groups[Role.WORKER]
        self.register_outputs(
            {
                "managerSecurityGroupId": self.manager_security_group_id,
                "workerSecurityGroupId": self.worker_security_group_id,
            }
        )

    def _group(
        self, role: Role, vpc_id: pulumi.Input[str], given: pulumi.Input[str] | None
    ) -> pulumi.Output[str]:
        if given is not None:
            return pulumi.Output.from_input(given)
        name = f"{self._name}-{role}s"
        made = aws.ec2.SecurityGroup(
            name,
            description=f"Swarm {role}s",
            vpc_id=vpc_id,
            # The two groups refer to each other; without this neither could go first (SG-4).
            revoke_rules_on_delete=True,
            tags={**self._tags, "Name": name},
            opts=self._child,
        )
        return made.id

    def _between(self, pair: Pair) -> None:
        port, source, target = pair.port, self.groups[pair.source], self.groups[pair.target]
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-{pair.target}-{port.name}-from-{pair.source}",
            security_group_id=target,
            description=f"{port.purpose}, from {pair.source}s",
            referenced_security_group_id=source,
            **_protocol(port),
            tags=self._tags or None,
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-{pair.source}-{port.name}-to-{pair.target}",
            security_group_id=source,
            description=f"{port.purpose}, to {pair.target}s",
            referenced_security_group_id=target,
            **_protocol(port),
            tags=self._tags or None,
            opts=self._child,
        )

    def _outlets(self) -> None:
        for role, group in self.groups.items():
            for outlet in OUTLETS:
                aws.vpc.SecurityGroupEgressRule(
                    f"{self._name}-{role}-{outlet.name}",
                    security_group_id=group,
                    description=outlet.purpose,
                    ip_protocol=outlet.protocol,
                    from_port=outlet.port,
                    to_port=outlet.port,
                    cidr_ipv4=ANYWHERE,
                    tags=self._tags or None,
                    opts=self._child,
                )

    def _ssh(self, cidr: str) -> None:
        aws.vpc.SecurityGroupIngressRule(
            # By range, not by place: when the first of a list goes, the others stay what they are.
            f"{self._name}-manager-ssh-{cidr.replace('/', '-')}",
            security_group_id=self.groups[Role.MANAGER],
            description="administration, ssh",
            ip_protocol="tcp",
            from_port=SSH_PORT,
            to_port=SSH_PORT,
            cidr_ipv4=cidr,
            tags=self._tags or None,
            opts=self._child,
        )


class _Protocol(TypedDict):
    ip_protocol: str
    from_port: NotRequired[int]
    to_port: NotRequired[int]


def _protocol(port: Port) -> _Protocol:
    """A protocol without ports must have none: AWS refuses or rewrites them (ES-10)."""
    if port.port is None:
        return {"ip_protocol": port.protocol}
    return {"ip_protocol": port.protocol, "from_port": port.port, "to_port": port.port}
