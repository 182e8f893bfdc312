"""The local cloud by itself: machines with EC2's meaning, and nothing left of it afterwards."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import cleanup, namespace
from lab.settings import ADMIN_ADDRESS
from tests.lab.cloud import LocalCloud, eventually, make_cloud

pytestmark = pytest.mark.own_cloud

USER_DATA = """\
#cloud-config
runcmd:
  - date >> /root/ran
"""
TOKEN = "http://169.254.169.254/latest/api/token"
ANY = "http://169.254.169.254/latest/meta-data/instance-id"


@pytest.fixture(scope="module")
def bare() -> Iterator[LocalCloud]:
    """A cloud with one machine, booted and reachable by ssh."""
    cloud = make_cloud("swarm-test-bare", 5102)
    cloud.lab("down")
    before = machine_network()
    cloud.lab("up")
    boot(cloud)
    eventually(lambda: cloud.succeeds("host", "test", "-e", "/root/ran"), 60, "it has booted")
    yield cloud
    cloud.lab("down")
    assert cleanup.traces(cloud.config) == []
    assert machine_network() == before


def boot(cloud: LocalCloud) -> str:
    ec2 = cloud.aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.90.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.90.0.0/20")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ssh()])
    made = cloud.launch(
        "host",
        subnet,
        SecurityGroupIds=[group],
        UserData=USER_DATA,
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
    )
    return str(made["InstanceId"])


def ssh() -> dict[str, Any]:
    admin = [{"CidrIp": f"{ADMIN_ADDRESS}/32"}]
    return {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": admin}


def machine_network() -> list[str]:
    """This machine's own links, addresses, routes and firewall, without counters."""
    commands = (
        ["ip", "-brief", "link"],
        ["ip", "-brief", "address"],
        ["ip", "route"],
        ["nft", "--stateless", "list", "ruleset"],
    )
    return [subprocess.run(c, text=True, capture_output=True, check=False).stdout for c in commands]


def status_code(cloud: LocalCloud, *arguments: str) -> str:
    ask = ("curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}")
    return cloud.on("host", *ask, *arguments)


def test_cloud_init_found_ec2_and_ran_the_user_data(bare: LocalCloud) -> None:
    assert "DataSourceEc2Local" in bare.on("host", "cloud-init", "status", "--long")
    assert len(bare.on("host", "cat", "/root/ran").splitlines()) == 1


@pytest.mark.parametrize("header", [[], ["-H", "X-aws-ec2-metadata-token: wrong"]])
def test_metadata_without_a_live_token_is_refused_im_2(bare: LocalCloud, header: list[str]) -> None:
    assert status_code(bare, *header, ANY) == "401"


def test_metadata_with_a_token_is_served(bare: LocalCloud) -> None:
    lifetime = ("-H", "X-aws-ec2-metadata-token-ttl-seconds: 60")
    token = bare.on("host", "curl", "-s", "-X", "PUT", *lifetime, TOKEN)
    header = ("-H", f"X-aws-ec2-metadata-token: {token}")
    assert bare.on("host", "curl", "-s", *header, ANY) == bare.hosts()["host"]["instance"]


def test_address_on_the_interface_is_the_instances(bare: LocalCloud) -> None:
    shown = bare.on("host", "ip", "-4", "-brief", "address", "show", "eth0")
    assert f"{bare.hosts()['host']['address']}/20" in shown


def test_rules_are_followed_within_a_second(bare: LocalCloud) -> None:
    ec2 = bare.aws("ec2")
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["g"]}])
    group = groups["SecurityGroups"][0]["GroupId"]
    address = bare.hosts()["host"]["address"]
    connect = ["nc", "-z", "-w1", "-s", ADMIN_ADDRESS, address, "22"]

    def reached() -> bool:
        enter = namespace.enter(bare.config.fabric)
        return subprocess.run([*enter, *connect], check=False).returncode == 0

    eventually(reached, 20, "sshd answers")
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[ssh()])
    time.sleep(1)
    assert not reached()
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ssh()])
    time.sleep(1)
    assert reached()


def test_reboot_keeps_the_disk_and_does_not_run_user_data_again(bare: LocalCloud) -> None:
    host = bare.hosts()["host"]
    bare.on("host", "touch", "/root/kept")
    boot_id = bare.on("host", "cat", "/proc/sys/kernel/random/boot_id")
    bare.aws("ec2").reboot_instances(InstanceIds=[host["instance"]])
    eventually(lambda: bare.hosts()["host"]["boots"] == host["boots"] + 1, 30, "it boots again")
    up = ("systemctl", "is-active", "ssh")
    eventually(lambda: bare.succeeds("host", *up), 30, "it is up again")
    assert bare.on("host", "cat", "/proc/sys/kernel/random/boot_id") != boot_id
    assert bare.succeeds("host", "test", "-e", "/root/kept")
    assert len(bare.on("host", "cat", "/root/ran").splitlines()) == 1


def test_stop_and_start_keep_the_disk(bare: LocalCloud) -> None:
    instance = bare.hosts()["host"]["instance"]
    bare.on("host", "touch", "/root/kept-too")
    bare.aws("ec2").stop_instances(InstanceIds=[instance])
    eventually(lambda: bare.hosts()["host"]["pid"] is None, 30, "it is off")
    assert bare.lab("exec", "host", "--", "true", check=False).returncode != 0
    bare.aws("ec2").start_instances(InstanceIds=[instance])
    eventually(lambda: bare.succeeds("host", "test", "-e", "/root/kept-too"), 30, "it is on again")


@pytest.mark.last
def test_termination_removes_the_disk(bare: LocalCloud) -> None:
    instance = bare.hosts()["host"]["instance"]
    folder = bare.config.hosts / instance
    assert folder.is_dir()
    bare.aws("ec2").terminate_instances(InstanceIds=[instance])
    eventually(lambda: not folder.exists(), 20, "its disk is gone")
    assert not namespace.path(bare.config.namespace(instance)).exists()


@pytest.mark.last
def test_down_cleans_up_after_a_cloud_that_was_killed_and_up_works_again(
    bare: LocalCloud,
) -> None:
    boot(bare)
    eventually(lambda: bare.succeeds("host", "pidof", "dockerd"), 60, "it runs Docker")
    os.kill(int(bare.config.pid_file.read_text(encoding="ascii")), signal.SIGKILL)
    assert cleanup.traces(bare.config) != []
    bare.lab("down")
    assert cleanup.traces(bare.config) == []
    bare.lab("up")
    assert bare.hosts() == {}


@pytest.mark.last
def test_up_clears_what_a_killed_cloud_left(bare: LocalCloud) -> None:
    os.kill(int(bare.config.pid_file.read_text(encoding="ascii")), signal.SIGKILL)
    said = bare.lab("up").stdout
    assert "clearing what a cloud that was killed left behind" in said
    assert bare.hosts() == {}


def test_a_host_that_is_not_there_is_named_with_those_that_are(bare: LocalCloud) -> None:
    result = bare.lab("exec", "nobody", "--", "true", check=False)
    assert result.returncode != 0
    assert "no host is called 'nobody'; there are: host" in result.stderr


def test_docker_of_this_machine_is_not_used() -> None:
    used = Path("lab").rglob("*.py")
    assert not any("/var/run/docker.sock" in path.read_text(encoding="utf-8") for path in used)
