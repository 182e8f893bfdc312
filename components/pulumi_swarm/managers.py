"""The managers of a swarm."""

import pulumi
import pulumi_aws as aws

from .args import raise_for, settle, spelled
from .launch import Launcher, Wiring, connection_inputs
from .node_settings import advertised, check_launch
from .plan.access import Access
from .plan.groups import read_group
from .plan.nodes import NodePlan
from .plan.ports import Role
from .plan.problems import Problems
from .shared_args import DaemonArgs, ManagerArgs, NodeArgs, SwarmArgs


class ManagerSetArgs(ManagerArgs, NodeArgs, DaemonArgs, SwarmArgs):
    """Args of ManagerSet."""

    subnet_ids: list[pulumi.Input[str]]
    """Subnets for the managers, taken in turn."""
    security_group_id: pulumi.Input[str]
    """The managers' security group."""
    instance_profile: pulumi.Input[str]
    """The managers' instance profile."""
    worker_secret_id: pulumi.Input[str]
    """ARN of the secret with the workers' join token."""
    manager_secret_id: pulumi.Input[str]
    """ARN of the secret with the managers' join token."""
    host_key_secret_id: pulumi.Input[str]
    """ARN of the secret with the private half of the ssh host key."""
    host_public_key: pulumi.Input[str]
    """The public half of the ssh host key."""
    unlock_key_secret_id: pulumi.Input[str]
    """ARN of the secret with the key of a locked swarm."""
    addresses_parameter: pulumi.Input[str]
    """Name for the SSM parameter with the managers' addresses."""


WIRING = (
    "ami",
    "subnet_ids",
    "security_group_id",
    "instance_profile",
    "worker_secret_id",
    "manager_secret_id",
    "host_key_secret_id",
    "host_public_key",
    "unlock_key_secret_id",
    "addresses_parameter",
)


class ManagerSet(pulumi.ComponentResource):
    """Managers, each on a network interface that outlives its machine.

    They are made side by side, and replaced one after the other, each only when
    the one before is Ready and Reachable, so that the swarm keeps its quorum.
    """

    private_addresses: pulumi.Output[list[str]]
    """The managers' addresses inside the VPC, for as long as the cluster lives."""
    reachable_addresses: pulumi.Output[list[str]]
    """By what Pulumi reaches them: Elastic IPs with public access, network interfaces with ssm."""
    instance_ids: pulumi.Output[list[str]]
    """The EC2 instances."""
    node_ids: pulumi.Output[list[str]]
    """The ids that Docker gave the nodes."""

    def __init__(
        self,
        name: str,
        args: ManagerSetArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        lifetime: pulumi.Resource | None = None,
    ) -> None:
        args = spelled(args, ManagerSetArgs.__annotations__)
        problems = Problems()
        values = settle(args, WIRING, problems)
        plan = read_group(values, tuple(ManagerSetArgs.__annotations__), Role.MANAGER, problems)
        check_launch(plan, name, problems)
        raise_for(problems, "ManagerSet")
        super().__init__("swarm:index:ManagerSet", name, dict(args), opts)
        self._name = name
        self._tags = plan.tags
        self._child = pulumi.ResourceOptions(parent=self)
        interfaces = [self._interface(node, args) for node in plan.nodes]
        self.private_addresses = pulumi.Output.all(*[i.private_ip for i in interfaces])
        self.reachable_addresses = self._reachable(plan.access.access, interfaces)
        joined_by: list[pulumi.Input[str]] = [
            advertised(node) or interface.private_ip
            for node, interface in zip(plan.nodes, interfaces, strict=True)
        ]
        address_book = self._address_book(args["addresses_parameter"], joined_by)
        self.connection = connection_inputs(
            self, plan.access, self.reachable_addresses, args["host_public_key"]
        )
        # Alone, too, the last manager must be able to go: the set ends with its address book.
        launcher = Launcher(
            self,
            name,
            plan,
            _wiring(args),
            plan.machines.manager_instance_type,
            lifetime or address_book,
        )
        self.launched = [
            launcher.launch(
                node,
                interface_id=interface.id,
                address=joined_by[node.index],
                connection=self.connection,
                after=[address_book],
            )
            for node, interface in zip(plan.nodes, interfaces, strict=True)
        ]
        self.instance_ids = pulumi.Output.all(*[made.instance.id for made in self.launched])
        self.node_ids = pulumi.Output.all(*[made.node.node_id for made in self.launched])
        self.register_outputs(
            {
                "privateAddresses": self.private_addresses,
                "reachableAddresses": self.reachable_addresses,
                "instanceIds": self.instance_ids,
                "nodeIds": self.node_ids,
            }
        )

    def _interface(self, node: NodePlan, args: ManagerSetArgs) -> aws.ec2.NetworkInterface:
        name = f"{self._name}-{node.key}"
        subnets = args["subnet_ids"]
        return aws.ec2.NetworkInterface(
            name,
            # AWS chooses the address: one of ours could be taken by another machine by then.
            subnet_id=subnets[node.index % len(subnets)],
            security_groups=[args["security_group_id"]],
            description=f"Lasting address of {name}",
            tags={**self._tags, "Name": name},
            # Another order of zones must not move a manager: its address is for life.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["subnetId"]),
        )

    def _reachable(
        self, access: Access, interfaces: list[aws.ec2.NetworkInterface]
    ) -> pulumi.Output[list[str]]:
        match access:
            case Access.PUBLIC:
                return self._elastic_addresses(interfaces)
            case Access.PRIVATE | Access.BASTION:
                return self.private_addresses
            case Access.SSM:  # by interface: another VPC of the account may use the same addresses
                return pulumi.Output.all(*[i.id for i in interfaces])

    def _elastic_addresses(
        self, interfaces: list[aws.ec2.NetworkInterface]
    ) -> pulumi.Output[list[str]]:
        addresses = []
        for i, interface in enumerate(interfaces):
            name = f"{self._name}-manager-{i}"
            address = aws.ec2.Eip(
                name,
                domain="vpc",
                network_interface=interface.id,
                tags={**self._tags, "Name": name},
                opts=self._child,
            )
            addresses.append(address.public_ip)
        return pulumi.Output.all(*addresses)

    def _address_book(
        self, parameter: pulumi.Input[str], addresses: list[pulumi.Input[str]]
    ) -> aws.ssm.Parameter:
        """Where nodes look managers up; user-data stays the same when managers come and go."""
        return aws.ssm.Parameter(
            f"{self._name}-addresses",
            name=parameter,
            type="String",
            value=pulumi.Output.all(*addresses).apply(",".join),
            description=f"Addresses of the managers of swarm {self._name}",
            tags=self._tags,
            opts=self._child,
        )


def _wiring(args: ManagerSetArgs) -> Wiring:
    return Wiring(
        instance_profile=args["instance_profile"],
        worker_secret_id=args["worker_secret_id"],
        manager_secret_id=args["manager_secret_id"],
        host_key_secret_id=args["host_key_secret_id"],
        unlock_key_secret_id=args["unlock_key_secret_id"],
        addresses_parameter=args["addresses_parameter"],
        ami=args.get("ami"),
    )
