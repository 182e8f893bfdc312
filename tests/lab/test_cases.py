"""What people hit in public when networks and a swarm are declared (docs/cases.md), one by one."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab.settings import BUSYBOX_IMAGE
from tests.lab.cloud import LocalCloud, Stack, eventually
from tests.lab.containers import MANAGER, container, networks, service, stopped

MANAGERS = ("swarm-manager-0", "swarm-manager-1", "swarm-manager-2")
NETWORK = "docker:index/network:Network"
SHARED = (NETWORK, "swarm-shared")


def names_in_state(stack: Stack) -> set[str]:
    return {r["outputs"]["name"] for r in stack.resources() if r["type"] == NETWORK}


def failing(stack: Stack, command: str) -> str:
    """What a command that must fail says."""
    flags = () if command == "preview" else ("--yes", "--skip-preview")
    result = stack.pulumi(command, "--stack", stack.name, *flags, check=False)
    assert result.returncode != 0, result.stdout
    return result.stdout + result.stderr


def test_preview_needs_no_manager_and_refresh_without_one_forgets_nothing_pd_2_kd_6(
    stack: Stack, swarm: LocalCloud
) -> None:
    with stopped(swarm, "ssh"):
        stack.configure(networks=[*stack.base("networks"), {"name": "later"}])
        assert stack.preview() == {(NETWORK, "swarm-later"): "create"}
        stack.configure()
        said = failing(stack, "refresh")
    assert "no manager of the swarm answers" in said
    assert names_in_state(stack) == {"app", "shared", "secure"}
    assert stack.preview() == {}


def test_refresh_with_every_dockerd_dead_forgets_nothing_kd_6(
    stack: Stack, swarm: LocalCloud
) -> None:
    with stopped(swarm, "docker.socket", "docker"):
        failing(stack, "refresh")
        assert names_in_state(stack) == {"app", "shared", "secure"}
    assert stack.preview() == {}


def test_machine_that_is_no_manager_says_so_and_lets_nobody_to_its_docker_vi_2_vi_8(
    swarm: LocalCloud,
) -> None:
    """The program behind the login, as it would be on a manager that was demoted."""
    program = swarm.on(MANAGER, "cat", "/usr/local/bin/swarm-dial")
    dial = ("env", "SSH_ORIGINAL_COMMAND=docker system dial-stdio", "sh", "-c", program)
    assert not swarm.succeeds("swarm-worker-0", *dial)
    said = swarm.on("swarm-worker-0", *dial, check=False)
    assert "swarm-worker-0 does not manage the swarm now" in said
    assert "This node is not a swarm manager" in said
    # And nobody comes that far: workers have no such login.
    assert not swarm.succeeds("swarm-worker-0", "id", "swarm")
    assert swarm.succeeds(MANAGER, "id", "swarm")


def test_network_that_a_container_uses_is_not_removed_and_up_goes_on_when_it_left_kd_7(
    stack: Stack, swarm: LocalCloud
) -> None:
    kept = [n for n in stack.base("networks") if n["name"] != "shared"]
    stack.configure(networks=kept)
    with container(swarm, "swarm-worker-0", "holds", "shared"):
        said = failing(stack, "up")
        assert "in use by task" in said or "has active endpoints" in said
        assert "shared" in names_in_state(stack)
    stack.up()
    assert "shared" not in networks(swarm, MANAGER)
    stack.configure()
    stack.up()
    assert stack.preview() == {}


def test_network_that_a_service_uses_is_not_replaced_and_the_service_is_named_kd_8_pd_18(
    stack: Stack, swarm: LocalCloud
) -> None:
    changed = [dict(n) for n in stack.base("networks")]
    changed[0]["subnet"] = "10.211.0.0/24"
    stack.configure(networks=changed)
    with service(swarm, "user", "--network", "app"):
        said = failing(stack, "up")
        assert "network app is in use by service user" in said or "in use by" in said
        assert "app" in names_in_state(stack)
        assert "app" in networks(swarm, MANAGER)
    stack.up()
    assert stack.preview() == {}
    stack.configure()
    stack.up()


def test_networks_pruned_overnight_are_made_again_kd_15(stack: Stack, swarm: LocalCloud) -> None:
    swarm.on(MANAGER, "docker", "network", "prune", "-f")
    assert "app" not in networks(swarm, MANAGER)
    stack.refresh()
    gone = {(NETWORK, f"swarm-{name}"): "create" for name in ("app", "shared", "secure")}
    assert stack.preview() == gone
    stack.up()
    assert {"app", "shared", "secure"} <= networks(swarm, MANAGER).keys()
    assert stack.preview() == {}


def test_network_deleted_by_hand_is_made_again(stack: Stack, swarm: LocalCloud) -> None:
    swarm.on(MANAGER, "docker", "network", "rm", "shared")
    stack.refresh()
    assert stack.preview() == {SHARED: "create"}
    stack.up()
    assert networks(swarm, MANAGER)["shared"] == ("overlay", "swarm")
    assert stack.preview() == {}


def test_second_ingress_is_refused_by_docker_itself_gw_2(swarm: LocalCloud) -> None:
    create = ("docker", "network", "create", "--driver", "overlay", "--ingress", "second")
    assert "already present" in swarm.on(MANAGER, *create, check=False)


def test_smallest_network_that_is_accepted_holds_what_was_planned_ap_9(
    stack: Stack, swarm: LocalCloud
) -> None:
    """5 nodes + 1 service + 7 tasks are the 13 addresses that a /28 has; 8 tasks are refused."""
    small = {"name": "small", "subnet": "10.212.0.0/28", "plannedTasks": 7}
    stack.configure(networks=[*stack.base("networks"), {**small, "plannedTasks": 8}])
    assert "tasks 8 = 14 addresses" in failing(stack, "preview")
    stack.configure(networks=[*stack.base("networks"), small])
    stack.up()
    with service(swarm, "full", "--network", "small", "--replicas", "7"):
        pass  # the service is complete: no task waits for an address
    stack.configure()
    stack.up()


OTHER_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIGdjt/z6VSUNlERTdxH0jiVI0PYAnmn32ukS3nfv/Yap"


def test_host_key_that_is_not_the_pinned_one_is_refused_pd_5_pd_6(stack: Stack) -> None:
    options = stack.ssh_options()
    ask = ("swarm@swarm-managers", "docker", "system", "dial-stdio")

    def ssh(given: list[str]) -> subprocess.CompletedProcess[str]:
        argv = ["ssh", "-F", "/dev/null", *given, *ask]
        return subprocess.run(
            argv, text=True, capture_output=True, check=False, timeout=60, input=""
        )

    assert ssh(options).returncode == 0
    pin = f"KnownHostsCommand=/bin/echo swarm-managers ssh-ed25519 {OTHER_KEY}"
    other = [pin if o.startswith("KnownHostsCommand=") else o for o in options]
    assert other != options
    assert "Host key verification failed" in ssh(other).stderr


def test_managers_are_reached_through_a_bastion_whose_key_is_pinned_too_pd_8(
    stack: Stack, swarm: LocalCloud
) -> None:
    with bastion(stack, swarm) as (address, host_key):
        both_ways = ["203.0.113.10/32", f"{address}/32"]
        through: dict[str, Any] = {
            "access": "bastion",
            "adminCidrs": both_ways,
            "sshBastion": {"host": address, "user": "ops", "hostKey": host_key},
            "nodeLabels": {"worker-0": {"by": "bastion"}},
        }
        stack.configure(adminCidrs=both_ways)  # the new way is opened before it is gone
        stack.up()
        stack.configure(**through)
        stack.up()
        stack.configure(**{**through, "adminCidrs": both_ways[1:]})
        stack.up()
        stack.refresh()
        assert stack.preview() == {}
        inspected = json.loads(swarm.on(MANAGER, "docker", "node", "inspect", "swarm-worker-0"))
        assert inspected[0]["Spec"]["Labels"] == {"by": "bastion"}
        wrong = {**through["sshBastion"], "hostKey": f"ssh-ed25519 {OTHER_KEY}"}
        stack.configure(**{**through, "sshBastion": wrong, "nodeLabels": {}})
        assert "no manager" in failing(stack, "up")
        stack.configure(**through)
        stack.up()
        stack.configure()
        stack.up()


@contextmanager
def bastion(stack: Stack, swarm: LocalCloud) -> Iterator[tuple[str, str]]:
    """A machine of the user's own beside the swarm's; yields its address and host key."""
    config = {
        "hostname": "bastion",
        "users": [
            {
                "name": "ops",
                "shell": "/bin/sh",
                "lock_passwd": True,
                "ssh_authorized_keys": [
                    swarm.config.identity.with_suffix(".pub").read_text().strip()
                ],
            }
        ],
    }
    ec2 = swarm.aws("ec2")
    vpc = stack.outputs()["vpc_id"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    private = next(s for s in subnets if not s["MapPublicIpOnLaunch"])
    group = ec2.create_security_group(GroupName="bastion", Description="bastion", VpcId=vpc)
    rule: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"],
        IpPermissions=[{**rule, "IpRanges": [{"CidrIp": "203.0.113.10/32"}]}],
    )
    made = swarm.launch(
        "bastion",
        private["SubnetId"],
        SecurityGroupIds=[group["GroupId"]],
        UserData="#cloud-config\n" + json.dumps(config),
    )
    try:
        eventually(
            lambda: (
                "bastion" in swarm.hosts()
                and swarm.succeeds("bastion", "systemctl", "is-active", "cloud-final")
            ),
            60,
            "the bastion is up",
        )
        public = swarm.on("bastion", "cat", "/etc/ssh/ssh_host_ed25519_key.pub")
        yield made["PrivateIpAddress"], " ".join(public.split()[:2])
    finally:
        ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
        eventually(lambda: "bastion" not in swarm.hosts(), 30, "the bastion is gone")
        ec2.delete_security_group(GroupId=group["GroupId"])


def test_no_container_gets_an_ipv6_address_on_an_overlay_nw_7(swarm: LocalCloud) -> None:
    """Why declarations with IPv6 are refused, for as long as this holds."""
    options = ("--driver", "overlay", "--attachable", "--ipv6", "--subnet", "fd00:5::/64")
    swarm.on(MANAGER, "docker", "network", "create", *options, "six", check=False)
    run = ("timeout", "60", "docker", "run", "--rm", "--network", "six", BUSYBOX_IMAGE)
    try:
        assert "fd00:5::" not in swarm.on(MANAGER, *run, "ip", "-6", "address", check=False)
    finally:
        swarm.on(MANAGER, "docker", "network", "rm", "six", check=False)
