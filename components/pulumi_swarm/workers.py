"""The workers of a swarm."""

from collections.abc import Sequence

import pulumi

from .args import raise_for, settle, spelled
from .launch import Launcher, Wiring, connection_inputs
from .node_settings import check_launch
from .plan.groups import read_group
from .plan.ports import Role
from .plan.problems import Problems
from .shared_args import DaemonArgs, NodeArgs, WorkerArgs


class WorkerPoolArgs(WorkerArgs, NodeArgs, DaemonArgs):
    """Args of WorkerPool."""

    subnet_ids: list[pulumi.Input[str]]
    """Subnets for the workers, taken in turn."""
    security_group_id: pulumi.Input[str]
    """The workers' security group."""
    instance_profile: pulumi.Input[str]
    """The workers' instance profile."""
    worker_secret_id: pulumi.Input[str]
    """ARN of the secret with the workers' join token."""
    addresses_parameter: pulumi.Input[str]
    """Name of the SSM parameter with the managers' addresses."""
    manager_addresses: pulumi.Input[list[str]]
    """The addresses by which Pulumi reaches the managers."""
    host_public_key: pulumi.Input[str]
    """The public half of the managers' ssh host key."""


WIRING = (
    "ami",
    "subnet_ids",
    "security_group_id",
    "instance_profile",
    "worker_secret_id",
    "addresses_parameter",
    "manager_addresses",
    "host_public_key",
)


class WorkerPool(pulumi.ComponentResource):
    """Workers: ``worker_count`` instances, each with its membership of the swarm.

    They are made side by side, and replaced in turn: ``worker_parallelism`` at a time.
    """

    private_addresses: pulumi.Output[list[str]]
    """The workers' addresses inside the VPC; a replaced worker gets another."""
    instance_ids: pulumi.Output[list[str]]
    """The EC2 instances."""
    node_ids: pulumi.Output[list[str]]
    """The ids that Docker gave the nodes."""

    def __init__(
        self,
        name: str,
        args: WorkerPoolArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        lifetime: pulumi.Resource | None = None,
        managers: Sequence[pulumi.Resource] = (),
    ) -> None:
        args = spelled(args, WorkerPoolArgs.__annotations__)
        problems = Problems()
        values = settle(args, WIRING, problems)
        plan = read_group(values, tuple(WorkerPoolArgs.__annotations__), Role.WORKER, problems)
        check_launch(plan, name, problems)
        raise_for(problems, "WorkerPool")
        super().__init__("swarm:index:WorkerPool", name, dict(args), opts)
        connection = connection_inputs(
            self, plan.access, args["manager_addresses"], args["host_public_key"]
        )
        wiring = Wiring(
            instance_profile=args["instance_profile"],
            worker_secret_id=args["worker_secret_id"],
            manager_secret_id="",
            host_key_secret_id="",
            unlock_key_secret_id="",
            addresses_parameter=args["addresses_parameter"],
            ami=args.get("ami"),
        )
        launcher = Launcher(self, name, plan, wiring, plan.machines.worker_instance_type, lifetime)
        subnets = args["subnet_ids"]
        self.launched = [
            launcher.launch(
                node,
                subnet_id=subnets[node.index % len(subnets)],
                security_group_id=args["security_group_id"],
                connection=connection,
                member_after=managers,
            )
            for node in plan.nodes
        ]
        self.private_addresses = pulumi.Output.all(*[m.instance.private_ip for m in self.launched])
        self.instance_ids = pulumi.Output.all(*[m.instance.id for m in self.launched])
        self.node_ids = pulumi.Output.all(*[m.node.node_id for m in self.launched])
        self.register_outputs(
            {
                "privateAddresses": self.private_addresses,
                "instanceIds": self.instance_ids,
                "nodeIds": self.node_ids,
            }
        )
