"""What a machine is told in its user-data, from the plan; refused when no machine could start."""

import re
from collections.abc import Mapping

from .bootstrap import MAX_USER_DATA_BYTES, NodeSettings, render
from .plan.bodies import gwbridge_body, ingress_body
from .plan.groups import GroupPlan
from .plan.nodes import NodePlan
from .plan.ports import Role
from .plan.problems import Problems

# Ids stand in user-data before they are known; a secret's ARN stays below 200 characters.
LONGEST_IDS = dict.fromkeys(("worker", "manager", "host_key", "unlock_key", "parameter"), "x" * 200)

# The component's name starts the machines' host names, RFC 1123 labels, and those of roles: IAM
# takes 64 characters, less "-manager" and the eight that Pulumi adds.
NAME_PATTERN = r"[a-zA-Z]([a-zA-Z0-9-]{0,46}[a-zA-Z0-9])?"


def advertised(node: NodePlan) -> str:
    """The address that a node is told to advertise; nothing when it is the machine's own."""
    return "" if node.advertise_addr is None else str(node.advertise_addr)


def node_settings(
    hostname: str,
    node: NodePlan,
    plan: GroupPlan,
    ids: Mapping[str, str],
    autoscaling_group: str = "",
) -> NodeSettings:
    """What a node is told; ``ids`` names its secrets and the parameter of addresses."""
    is_manager = node.role is Role.MANAGER
    may_init = is_manager and node.index == 0
    return NodeSettings(
        hostname=hostname,
        role=node.role.value,
        may_init=may_init,
        worker_secret=ids["worker"],
        manager_secret=ids["manager"] if is_manager else "",
        host_key_secret=ids["host_key"] if is_manager else "",
        unlock_key_secret=ids["unlock_key"] if is_manager else "",
        addresses_parameter=ids["parameter"],
        default_addr_pool=plan.swarm.default_addr_pool,
        subnet_size=plan.swarm.subnet_size,
        data_path_port=plan.swarm.data_path_port,
        listen_addr=plan.daemon.listen_addr,
        advertise_addr=advertised(node),
        data_path_addr=plan.daemon.data_path_addr,
        gwbridge=gwbridge_body(plan.daemon.gwbridge),
        ingress=ingress_body(plan.swarm.ingress) if may_init else {},
        daemon_config=plan.daemon.config,
        engine_version=plan.machines.engine_version,
        boot_timeout_seconds=plan.machines.boot_timeout_seconds,
        reap_after_seconds=plan.machines.reap_after_seconds,
        authorized_keys=plan.access.authorized_keys if is_manager else (),
        further_parts=[(part.kind.value, part.content) for part in plan.machines.user_data_parts],
        autoscaling_group=autoscaling_group,
    )


def check_launch(plan: GroupPlan, name: str, problems: Problems) -> None:
    """Refuse host names and user-data that no machine could start with, before an id is known."""
    if not re.fullmatch(NAME_PATTERN, name):
        problems.add(
            "name",
            name,
            "must start with a letter and hold at most 48 letters, digits and hyphens, since host "
            "names start with it, and those of roles",
            "choose another name for the component",
        )
        return
    for node in plan.nodes[:1]:  # the nodes of a role differ by a digit
        settings = node_settings(f"{name}-{node.key}", node, plan, LONGEST_IDS)
        check_size(render(settings), problems)


def check_size(user_data: str, problems: Problems) -> None:
    """Refuse user-data that EC2 does not take."""
    size = len(user_data.encode())
    if size > MAX_USER_DATA_BYTES:
        problems.add(
            "userDataParts",
            f"{size} bytes of user-data",
            f"must leave the user-data below {MAX_USER_DATA_BYTES} bytes, which is EC2's limit",
            "have long parts fetch what they run, or give fewer sshAuthorizedKeys",
        )
