"""A policy pack for programs with a Docker Swarm: ``pulumi preview --policy-pack policy``.

Its checks are those that the components hold to themselves
(``pulumi_swarm.plan.guard``); here they watch what is declared beside them.
"""

from collections.abc import Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from pulumi_swarm.plan import guard
from pulumi_swarm.plan.nodes import is_sound_manager_count
from pulumi_swarm.plan.ports import Role
from pulumi_swarm.review.pools import TEMPLATE
from pulumi_swarm.review.quorum import NODE, cluster_of
from pulumi_swarm.review.rules import GROUPS, INGRESS_RULE, OLD_RULE
from pulumi_swarm.review.sentences import INSTANCE, NETWORK

SPOT_REQUEST = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
MACHINES = (INSTANCE, SPOT_REQUEST, CONFIGURATION, TEMPLATE)
CLEAR_VOLUMES = {
    INSTANCE: guard.clear_volumes,
    SPOT_REQUEST: guard.clear_volumes,
    CONFIGURATION: guard.clear_volumes,
    TEMPLATE: guard.clear_volumes_of_template,
    "aws:ebs/volume:Volume": guard.clear_volume,
}


def _swarm_ports(args: ResourceValidationArgs, report: ReportViolation) -> None:
    rules: list[Mapping[str, Any]] = []
    if args.resource_type in GROUPS:
        rules = args.props.get("ingress") or []
    elif args.resource_type == INGRESS_RULE or (
        args.resource_type == OLD_RULE and args.props.get("type") == "ingress"
    ):
        rules = [args.props]
    for rule in rules:
        if opened := guard.opened_to_the_world(rule):
            report(
                f"opens {opened}; let in the swarm's own groups, and administrators by address",
                None,
            )


def _metadata(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if args.resource_type in MACHINES and guard.takes_old_metadata_requests(args.props):
        report(
            'set metadataOptions.httpTokens to "required": IMDSv1 hands out the role\'s keys', None
        )


def _volumes(args: ResourceValidationArgs, report: ReportViolation) -> None:
    find = CLEAR_VOLUMES.get(args.resource_type)
    if find and (clear := find(args.props)):
        report(f"{', '.join(clear)}: set encrypted to true", None)


def _user_data(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if args.resource_type not in MACHINES:
        return
    texts = (str(args.props.get(name) or "") for name in ("userData", "userDataBase64"))
    if any(guard.holds_secret(text) for text in texts):
        report(
            "user-data holds a join token or an unlock key, and many can read it; leave it out",
            None,
        )


def _attachable(args: ResourceValidationArgs, report: ReportViolation) -> None:
    chosen = args.get_config().get("networks", [])
    if (
        args.resource_type == NETWORK
        and args.props.get("attachable")
        and args.props.get("name") not in chosen
    ):
        report(
            f"{args.props.get('name')} is attachable: whoever may run a container on a node may "
            "join it; add it to networks of this policy's configuration if that is meant",
            None,
        )


def _managers(args: StackValidationArgs, report: ReportViolation) -> None:
    by_cluster: dict[str, int] = {}
    for resource in args.resources:
        if resource.resource_type == NODE and resource.props.get("role") == Role.MANAGER:
            cluster = cluster_of(resource.name)
            by_cluster[cluster] = by_cluster.get(cluster, 0) + 1
    for cluster, count in sorted(by_cluster.items()):
        if not is_sound_manager_count(count):
            report(f"{cluster} has {count} managers; have 1, 3, 5 or 7", None)


PolicyPack(
    name="pulumi-swarm",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy(
            name="swarm-ports-not-to-the-world",
            description="Ports of a swarm, and ssh, are not open to a large part of the world.",
            validate=_swarm_ports,
        ),
        ResourceValidationPolicy(
            name="metadata-version-2",
            description="Machines answer version 2 of the metadata service alone.",
            validate=_metadata,
        ),
        ResourceValidationPolicy(
            name="encrypted-volumes",
            description="Volumes of machines are encrypted.",
            validate=_volumes,
        ),
        ResourceValidationPolicy(
            name="no-token-in-user-data",
            description="User-data holds no join token and no unlock key.",
            validate=_user_data,
        ),
        ResourceValidationPolicy(
            name="attachable-by-choice",
            description="Networks that containers may join by themselves are named.",
            enforcement_level=EnforcementLevel.ADVISORY,
            config_schema=PolicyConfigSchema(
                properties={"networks": {"type": "array", "items": {"type": "string"}}}
            ),
            validate=_attachable,
        ),
        StackValidationPolicy(
            name="odd-managers",
            description="A swarm has 1, 3, 5 or 7 managers.",
            validate=_managers,
        ),
    ],
)
