"""Workers that come and go with an auto-scaling group."""

import base64
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from .args import raise_for, settle, spelled
from .bootstrap import render
from .launch import group_name, machine_tags, newest_image
from .node_settings import LONGEST_IDS, check_size, node_settings
from .plan.groups import GroupPlan, read_pool_group
from .plan.images import root_device
from .plan.nodes import Availability, NodePlan
from .plan.pools import PoolPlan
from .plan.ports import Role
from .plan.problems import Problems
from .shared_args import AutoscaledPoolArgs, DaemonArgs, MachineArgs

LEAVE_HOOK, JOIN_HOOK = "leave", "join"  # swarm-bootstrap.sh completes them by these names
LEAVE_TIMEOUT_SECONDS = 300  # a machine that is dead holds up its own end for so long
BOOT_SECONDS = 120  # until the bootstrap begins, whose own patience bootTimeoutSeconds is


class AutoscaledWorkerPoolArgs(AutoscaledPoolArgs, MachineArgs, DaemonArgs):
    """Args of AutoscaledWorkerPool."""

    subnet_ids: list[pulumi.Input[str]]
    """Subnets for the machines, which the group spreads over."""
    security_group_id: pulumi.Input[str]
    """The workers' security group."""
    instance_profile: pulumi.Input[str]
    """The workers' instance profile."""
    worker_secret_id: pulumi.Input[str]
    """ARN of the secret with the workers' join token."""
    addresses_parameter: pulumi.Input[str]
    """Name of the SSM parameter with the managers' addresses."""


WIRING = (
    "ami",
    "subnet_ids",
    "security_group_id",
    "instance_profile",
    "worker_secret_id",
    "addresses_parameter",
)


class AutoscaledWorkerPool(pulumi.ComponentResource):
    """Workers in an auto-scaling group: they join and leave by themselves.

    No resource of the stack stands for a single machine. Managers take those off
    their list that went without a word.
    """

    group_name: pulumi.Output[str]
    """The auto-scaling group; scaling policies name it."""

    def __init__(
        self,
        name: str,
        args: AutoscaledWorkerPoolArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        after: Sequence[pulumi.Resource] = (),
    ) -> None:
        """``after``: what machines need to join and to leave; it goes after them, too."""
        args = spelled(args, AutoscaledWorkerPoolArgs.__annotations__)
        problems = Problems()
        values = settle(args, WIRING, problems)
        known = tuple(AutoscaledWorkerPoolArgs.__annotations__)
        plan, pool = read_pool_group(values, known, problems)
        check_size(user_data(group_name(name), plan, LONGEST_IDS), problems)
        raise_for(problems, "AutoscaledWorkerPool")
        super().__init__("swarm:index:AutoscaledWorkerPool", name, dict(args), opts)
        self._name = name
        self._plan = plan
        self._pool = pool
        self._args = args
        self._group_name = group_name(name)
        self._machine_tags = machine_tags(plan, name, Role.WORKER, {"swarm:pool": pool.name})
        group = self._group(self._template(), after)
        self.group_name = group.name
        self.register_outputs({"groupName": self.group_name})

    def _template(self) -> aws.ec2.LaunchTemplate:
        args = self._args
        given = args.get("ami")
        return aws.ec2.LaunchTemplate(
            self._name,
            aws.ec2.LaunchTemplateArgs(
                image_id=given or newest_image(self, self._plan, self._pool.instance_types[0]),
                user_data=self._user_data(),
                vpc_security_group_ids=[args["security_group_id"]],
                iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(
                    name=args["instance_profile"]
                ),
                # As with every other machine: version 2 alone, and not to containers.
                metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                    http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
                ),
                block_device_mappings=[self._root_volume(given)],
                # A group's tags reach its machines, and not their disks.
                tag_specifications=[
                    aws.ec2.LaunchTemplateTagSpecificationArgs(
                        resource_type="volume", tags=self._machine_tags
                    )
                ],
                tags=self._plan.tags,
            ),
            pulumi.ResourceOptions(
                parent=self,
                # As with every other machine: a raised generation alone brings new ones. Another
                # template is what starts the refresh (docs/decisions/0002-generations.md).
                ignore_changes=["imageId", "userData", "blockDeviceMappings", "tagSpecifications"],
                # Another processor needs another image.
                replacement_trigger=f"{self._pool.generation} {self._pool.architecture}",
            ),
        )

    def _root_volume(
        self, given: pulumi.Input[str] | None
    ) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
        device: pulumi.Input[str] = root_device(self._plan.machines.operating_system)
        if given is not None:  # an image of the caller's may call it otherwise
            found = aws.ec2.get_ami_output(
                filters=pulumi.Output.from_input(given).apply(
                    lambda image: [aws.ec2.GetAmiFilterArgs(name="image-id", values=[image])]
                ),
                opts=pulumi.InvokeOptions(parent=self),
            )
            device = found.root_device_name
        return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
            device_name=device,
            ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                encrypted="true",
                volume_type="gp3",
                volume_size=self._plan.machines.root_volume_size_gib,
                delete_on_termination="true",
            ),
        )

    def _group(
        self, template: aws.ec2.LaunchTemplate, after: Sequence[pulumi.Resource]
    ) -> aws.autoscaling.Group:
        pool = self._pool
        return aws.autoscaling.Group(
            self._name,
            name=self._group_name,
            min_size=pool.min_size,
            max_size=pool.max_size,
            vpc_zone_identifiers=self._args["subnet_ids"],
            mixed_instances_policy=_mixed(pool, template),
            capacity_rebalance=pool.on_demand_percentage_above_base_capacity < ALL,
            # With the group, so that it is there before the first machine and after the last.
            initial_lifecycle_hooks=[
                aws.autoscaling.GroupInitialLifecycleHookArgs(
                    name=LEAVE_HOOK,
                    lifecycle_transition="autoscaling:EC2_INSTANCE_TERMINATING",
                    heartbeat_timeout=LEAVE_TIMEOUT_SECONDS,
                    default_result="CONTINUE",
                ),
                # A machine that never joins counts as none: no refresh goes on with it.
                aws.autoscaling.GroupInitialLifecycleHookArgs(
                    name=JOIN_HOOK,
                    lifecycle_transition="autoscaling:EC2_INSTANCE_LAUNCHING",
                    heartbeat_timeout=self._plan.machines.boot_timeout_seconds + BOOT_SECONDS,
                    default_result="ABANDON",
                ),
            ],
            # Machines join by themselves, and spot machines come when there are any.
            wait_for_capacity_timeout="0",
            instance_refresh=aws.autoscaling.GroupInstanceRefreshArgs(
                strategy="Rolling",
                preferences=aws.autoscaling.GroupInstanceRefreshPreferencesArgs(
                    min_healthy_percentage=pool.min_healthy_percentage
                ),
            ),
            tags=[
                aws.autoscaling.GroupTagArgs(key=key, value=value, propagate_at_launch=True)
                for key, value in self._machine_tags.items()
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(after),
                # Another patience of the join hook would replace the group, and end every machine
                # of it at once; a group keeps the one that it was made with.
                ignore_changes=["initialLifecycleHooks"],
            ),
        )

    def _user_data(self) -> pulumi.Output[str]:
        args = self._args
        return pulumi.Output.all(
            worker=args["worker_secret_id"], parameter=args["addresses_parameter"]
        ).apply(lambda ids: _encoded(user_data(self._group_name, self._plan, ids)))


ALL = 100  # percent


def user_data(group: str, plan: GroupPlan, ids: Mapping[str, str]) -> str:
    """The user-data of every machine of a group."""
    node = NodePlan(
        key="worker",
        role=Role.WORKER,
        index=0,
        availability=Availability.ACTIVE,
        labels={},
        generation=1,
        advertise_addr=None,
        spot=False,
    )
    every = {"manager": "", "host_key": "", "unlock_key": "", **ids}
    return render(node_settings("", node, plan, every, autoscaling_group=group))


def _encoded(text: str) -> str:
    """As launch templates take user-data."""
    return base64.b64encode(text.encode()).decode()


def _mixed(
    pool: PoolPlan, template: aws.ec2.LaunchTemplate
) -> aws.autoscaling.GroupMixedInstancesPolicyArgs:
    return aws.autoscaling.GroupMixedInstancesPolicyArgs(
        instances_distribution=aws.autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs(
            on_demand_base_capacity=pool.on_demand_base_capacity,
            on_demand_percentage_above_base_capacity=(
                pool.on_demand_percentage_above_base_capacity
            ),
            spot_allocation_strategy="price-capacity-optimized",
        ),
        launch_template=aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs(
            launch_template_specification=(
                aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs(
                    launch_template_id=template.id, version="$Latest"
                )
            ),
            overrides=[
                aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs(
                    instance_type=kind
                )
                for kind in pool.instance_types
            ],
        ),
    )
