"""How one node is launched: instance and membership, the same for every role."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .bootstrap import render
from .node_settings import node_settings
from .plan.access import Access, AccessPlan
from .plan.groups import GroupPlan
from .plan.images import architecture, image_parameter
from .plan.nodes import NodePlan
from .plan.ports import Role
from .resources import Node, Rollout
from .turns import in_turn, once_done


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What nodes are tied to; outputs of the other components."""

    instance_profile: pulumi.Input[str]
    worker_secret_id: pulumi.Input[str]
    manager_secret_id: pulumi.Input[str]
    host_key_secret_id: pulumi.Input[str]
    unlock_key_secret_id: pulumi.Input[str]
    addresses_parameter: pulumi.Input[str]
    ami: pulumi.Input[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """The resources of one node."""

    instance: aws.ec2.Instance
    node: Node


class Launcher:
    """Launches the nodes of one role as children of a component.

    Those that have predecessors wait for each other, ``plan.parallelism`` apart.
    ``lifetime`` is a resource with which the swarm itself ends: when it goes in
    the same update, nodes are not taken out of the swarm one by one.
    """

    def __init__(
        self,
        parent: pulumi.ComponentResource,
        name: str,
        plan: GroupPlan,
        wiring: Wiring,
        instance_type: str,
        lifetime: pulumi.Resource | None,
    ) -> None:
        self._parent = parent
        self._name = name
        self._plan = plan
        self._wiring = wiring
        # Once for all nodes: each output costs a preview time, and the more, the more there are.
        self._ids = pulumi.Output.all(
            worker=wiring.worker_secret_id,
            manager=wiring.manager_secret_id,
            host_key=wiring.host_key_secret_id,
            unlock_key=wiring.unlock_key_secret_id,
            parameter=wiring.addresses_parameter,
        )
        self._instance_type = instance_type
        self._lifetime = lifetime
        self._ami = wiring.ami or newest_image(parent, plan, instance_type)
        self._rollout = Rollout(name, plan.machines_by_node, pulumi.ResourceOptions(parent=parent))
        self._nodes: dict[str, Node] = {}

    def launch(
        self,
        node: NodePlan,
        *,
        interface_id: pulumi.Input[str] | None = None,
        subnet_id: pulumi.Input[str] | None = None,
        security_group_id: pulumi.Input[str] | None = None,
        address: pulumi.Input[str] | None = None,
        connection: Mapping[str, pulumi.Input[object]],
        after: Sequence[pulumi.Resource] = (),
        member_after: Sequence[pulumi.Resource] = (),
    ) -> Launched:
        """Launch a node on an interface that exists, or on one that EC2 makes in a subnet.

        The machine starts when ``after`` is done; ``member_after`` holds up no more than the wait
        for its membership.
        """
        name = f"{self._name}-{node.key}"
        tags = machine_tags(self._plan, name, node.role, {"swarm:node": node.key})
        instance = aws.ec2.Instance(
            name,
            aws.ec2.InstanceArgs(
                ami=self._ami,
                user_data=self._user_data(name, node),
                instance_type=once_done(
                    in_turn(self._rollout, node.key, self._plan.parallelism, self._nodes),
                    self._instance_type,
                ),
                iam_instance_profile=self._wiring.instance_profile,
                # Version 2 alone, and no further than the machine itself: not to its containers.
                metadata_options=aws.ec2.InstanceMetadataOptionsArgs(
                    http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
                ),
                root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(
                    encrypted=True,
                    volume_type="gp3",
                    volume_size=self._plan.machines.root_volume_size_gib,
                    # Not volume_tags, which would take over the tags of disks attached by others.
                    tags=tags,
                ),
                primary_network_interface=(
                    aws.ec2.InstancePrimaryNetworkInterfaceArgs(network_interface_id=interface_id)
                    if interface_id is not None
                    else None
                ),
                instance_market_options=(
                    aws.ec2.InstanceInstanceMarketOptionsArgs(market_type="spot")
                    if node.spot
                    else None
                ),
                subnet_id=subnet_id,
                vpc_security_group_ids=None if security_group_id is None else [security_group_id],
                tags=tags,
            ),
            pulumi.ResourceOptions(
                parent=self._parent,
                depends_on=list(after),
                # A manager's interface serves one machine at a time; and a node must have left
                # the swarm before its successor comes.
                delete_before_replace=True,
                # A newer image or script alone replaces nothing; a raised generation does, and then
                # the engine takes them as they are now (docs/decisions/0002-generations.md).
                # AWS would grow every disk at once, and shrink none.
                ignore_changes=["ami", "userData", "subnetId", "rootBlockDevice"],
                replacement_trigger=node.generation,
                # In place, AWS would restart all managers at once; replaced, they go in turn.
                replace_on_changes=["instanceType"],
            ),
        )
        member = Node(
            name,
            # A worker is listed by the address that its connections come from, whatever it
            # advertises; address is given for managers.
            address=instance.private_ip if address is None else address,
            role=node.role.value,
            availability=node.availability.value,
            labels=node.labels,
            instance_id=instance.id,
            boot_timeout_seconds=self._plan.machines.boot_timeout_seconds,
            connection=connection,
            opts=pulumi.ResourceOptions(
                parent=self._parent,
                depends_on=[instance, *member_after],
                delete_before_replace=True,
                deleted_with=self._lifetime,
            ),
        )
        self._nodes[node.key] = member
        return Launched(instance=instance, node=member)

    def _user_data(self, hostname: str, node: NodePlan) -> pulumi.Output[str]:
        return self._ids.apply(lambda ids: render(node_settings(hostname, node, self._plan, ids)))


def machine_tags(plan: GroupPlan, name: str, role: Role, own: Mapping[str, str]) -> dict[str, str]:
    """The tags of a machine: the caller's, whose it is, and ``own``."""
    return {
        **plan.tags,
        "Name": name,
        "swarm:role": role.value,
        **own,
        "pulumi:project": pulumi.get_project(),
        "pulumi:stack": pulumi.get_stack(),
    }


def group_name(name: str) -> str:
    """The group's name: known beforehand, since its machines and their role are told it."""
    return f"{pulumi.get_project()}/{pulumi.get_stack()}/{name}"


def newest_image(
    parent: pulumi.ComponentResource, plan: GroupPlan, instance_type: str
) -> pulumi.Output[str]:
    """The newest image of the operating system for a type's processor."""
    parameter = image_parameter(plan.machines.operating_system, architecture(instance_type))
    found = aws.ssm.get_parameter_output(name=parameter, opts=pulumi.InvokeOptions(parent=parent))
    return found.insecure_value  # public, so not to be marked as a secret


def connection_inputs(
    parent: pulumi.Resource,
    access: AccessPlan,
    managers: pulumi.Input[list[str]],
    host_public_key: pulumi.Input[str],
) -> dict[str, pulumi.Input[object]]:
    """The way to the managers, as a Node takes it."""
    region: pulumi.Input[str] = ""
    if access.access is Access.SSM:
        region = aws.get_region_output(opts=pulumi.InvokeOptions(parent=parent)).region
    return {
        "managers": managers,
        "hostPublicKey": host_public_key,
        "identityFile": access.identity_file,
        "through": access.through,
        "sessionManagerRegion": region,
        "bastion": _bastion(access),
    }


def _bastion(access: AccessPlan) -> dict[str, object]:
    bastion = access.bastion
    if bastion is None:
        return {}
    return {
        "host": bastion.host,
        "user": bastion.user,
        "port": bastion.port,
        "hostKey": bastion.host_key,
    }
