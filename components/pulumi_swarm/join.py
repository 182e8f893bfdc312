"""The join secrets and who may read them."""

import json
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .args import raise_for, settle, spelled
from .launch import group_name
from .plan.parts import read_join
from .plan.ports import Role
from .plan.problems import Problems
from .resources import SshHostKey

# What Session Manager needs, and no more: AWS's own policy for it also reads every parameter.
_SESSION_ACTIONS = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)

# What machines of a pool tell their group: that they have joined, and that they have left.
_HOOK_ACTION = "autoscaling:CompleteLifecycleAction"

_ASSUME_ROLE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


class SwarmJoinArgs(TypedDict):
    """Args of SwarmJoin."""

    session_manager: NotRequired[bool]
    """Whether managers may be reached through AWS Session Manager. false when not given."""
    autoscaled: NotRequired[bool]
    """Whether there are pools that size themselves: their machines speak to their groups. false
    when not given."""
    extra_policy_arns: NotRequired[dict[str, pulumi.Input[str]]]
    """IAM policies for every node's role besides its own: ARNs by names of your choice. None when
    not given."""
    tags: NotRequired[dict[str, str]]
    """Tags for every resource that takes any."""


class SwarmJoin(pulumi.ComponentResource):
    """The join secrets of a swarm, its managers' ssh host key, and a role for each kind of node.

    Pulumi makes the secrets of the tokens empty: the nodes write and read the
    values, so no token is ever in user-data, in tags or in the state.
    """

    worker_secret_id: pulumi.Output[str]
    """ARN of the secret with the workers' join token."""
    manager_secret_id: pulumi.Output[str]
    """ARN of the secret with the managers' join token."""
    host_key_secret_id: pulumi.Output[str]
    """ARN of the secret with the private half of the managers' ssh host key."""
    host_public_key: pulumi.Output[str]
    """The public half of the managers' ssh host key."""
    unlock_key_secret_id: pulumi.Output[str]
    """ARN of the secret with the key of a locked swarm; it has no value before autolock is set."""
    manager_instance_profile: pulumi.Output[str]
    """Name of the managers' instance profile."""
    worker_instance_profile: pulumi.Output[str]
    """Name of the workers' instance profile."""
    addresses_parameter: pulumi.Output[str]
    """Name of the SSM parameter that holds the managers' addresses."""

    def __init__(
        self, name: str, args: SwarmJoinArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = spelled(args, SwarmJoinArgs.__annotations__)
        problems = Problems()
        plan = read_join(
            settle(args, ("extra_policy_arns",), problems),
            tuple(SwarmJoinArgs.__annotations__),
            problems,
        )
        raise_for(problems, "SwarmJoin")
        super().__init__("swarm:index:SwarmJoin", name, dict(args), opts)
        self._name = name
        self._tags = plan.tags
        self._session_manager = plan.session_manager
        self._groups = group_name(f"{name}-*") if plan.autoscaled else ""
        self._policy_arns = args.get("extra_policy_arns") or {}
        self._child = pulumi.ResourceOptions(parent=self)
        self.worker_secret = self._secret("worker-token", "join token of workers")
        self.manager_secret = self._secret("manager-token", "join token of managers")
        self.worker_secret_id = self.worker_secret.arn
        self.manager_secret_id = self.manager_secret.arn
        # Also without autolock: a machine is told of it once, and autolock may come later.
        self.unlock_key_secret = self._secret("unlock-key", "key that opens locked managers")
        self.unlock_key_secret_id = self.unlock_key_secret.arn
        self._host_key()
        # Plain, so that the policy can name it before the parameter exists.
        parameter = f"/pulumi-swarm/{pulumi.get_project()}/{pulumi.get_stack()}/{name}/managers"
        self.addresses_parameter = pulumi.Output.from_input(parameter)
        self.manager_instance_profile = self._profile(Role.MANAGER)
        self.worker_instance_profile = self._profile(Role.WORKER)
        self.register_outputs(
            {
                "workerSecretId": self.worker_secret_id,
                "managerSecretId": self.manager_secret_id,
                "hostKeySecretId": self.host_key_secret_id,
                "hostPublicKey": self.host_public_key,
                "unlockKeySecretId": self.unlock_key_secret_id,
                "managerInstanceProfile": self.manager_instance_profile,
                "workerInstanceProfile": self.worker_instance_profile,
                "addressesParameter": self.addresses_parameter,
            }
        )

    def _secret(self, suffix: str, what: str) -> aws.secretsmanager.Secret:
        return aws.secretsmanager.Secret(
            f"{self._name}-{suffix}",
            description=f"Swarm {self._name}: {what}",
            # A token of a swarm that is gone opens nothing; there is nothing to recover.
            recovery_window_in_days=0,
            tags=self._tags,
            opts=self._child,
        )

    def _host_key(self) -> None:
        key = SshHostKey(f"{self._name}-host-key", opts=self._child)
        secret = self._secret("host-key", "ssh host key of the managers, private half")
        version = aws.secretsmanager.SecretVersion(
            f"{self._name}-host-key",
            secret_id=secret.id,
            secret_string=key.private_key,
            opts=self._child,
        )
        # Whoever uses the id finds the value in place.
        self.host_key_secret_id = pulumi.Output.all(secret.arn, version.id).apply(lambda v: v[0])
        self.host_public_key = key.public_key

    def _profile(self, role: Role) -> pulumi.Output[str]:
        name = f"{self._name}-{role}"
        made = aws.iam.Role(
            name,
            assume_role_policy=_ASSUME_ROLE,
            description=f"Swarm {self._name}: its {role}s",
            # What others attached since, such as IAM's "Revoke active sessions", would hold it.
            force_detach_policies=True,
            tags=self._tags,
            opts=self._child,
        )
        granted = aws.iam.RolePolicy(
            name, role=made.name, policy=self._policy(role), opts=self._child
        )
        attached = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{key}", role=made.name, policy_arn=arn, opts=self._child
            )
            for key, arn in self._policy_arns.items()
        ]
        profile = aws.iam.InstanceProfile(name, role=made.name, tags=self._tags, opts=self._child)
        # A machine that starts with the profile finds its rights in place.
        return pulumi.Output.all(profile.name, granted.id, *[a.id for a in attached]).apply(
            lambda values: str(values[0])
        )

    def _policy(self, role: Role) -> pulumi.Output[str]:
        return pulumi.Output.all(
            worker=self.worker_secret_id,
            manager=self.manager_secret_id,
            host_key=self.host_key_secret_id,
            unlock_key=self.unlock_key_secret_id,
            parameter=self.addresses_parameter,
        ).apply(
            lambda ids: policy_document(
                role,
                worker_secret=ids["worker"],
                manager_secret=ids["manager"],
                host_key_secret=ids["host_key"],
                unlock_key_secret=ids["unlock_key"],
                parameter=ids["parameter"],
                session_manager=self._session_manager,
                groups=self._groups,
            )
        )


def policy_document(
    role: Role,
    *,
    worker_secret: str,
    manager_secret: str,
    host_key_secret: str,
    unlock_key_secret: str,
    parameter: str,
    session_manager: bool,
    groups: str = "",
) -> str:
    """What nodes of a role may do: a worker reads its own token and the addresses, no more.

    ``groups`` is a pattern for the names of the auto-scaling groups, when there are any.
    """
    _, partition, _, region, account, *_ = worker_secret.split(":")
    addresses = f"arn:{partition}:ssm:{region}:{account}:parameter{parameter}"
    tokens = [worker_secret, manager_secret]
    readable = (
        [*tokens, host_key_secret, unlock_key_secret] if role is Role.MANAGER else [worker_secret]
    )
    statements = [
        _allow("secretsmanager:GetSecretValue", readable),
        _allow("ssm:GetParameter", [addresses]),
    ]
    if role is Role.MANAGER:
        statements.append(_allow("secretsmanager:PutSecretValue", tokens))
        if session_manager:  # on managers alone: nobody reaches workers
            statements += [_allow(action, ["*"]) for action in _SESSION_ACTIONS]
    if role is Role.WORKER and groups:
        names = f"autoScalingGroup:*:autoScalingGroupName/{groups}"
        resources = [f"arn:{partition}:autoscaling:{region}:{account}:{names}"]
        statements.append(_allow(_HOOK_ACTION, resources))
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _allow(action: str, resources: list[str]) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resources}
