"""The rules: what each is for, shown by taking it out and putting it back."""

import subprocess

import pytest

from lab import namespace
from lab.settings import ADMIN_ADDRESS
from tests.lab.cloud import LocalCloud, Stack, eventually
from tests.lab.containers import MANAGER, container, pings
from tests.lab.rules import rules_taken_out

ONE, TWO = "swarm-worker-0", "swarm-worker-1"


def test_without_the_data_path_port_no_packet_crosses(swarm: LocalCloud, stack: Stack) -> None:
    with container(swarm, ONE, "d1", "shared"), container(swarm, TWO, "d2", "shared") as address:
        eventually(lambda: pings(swarm, ONE, "d1", address), 30, "the network works")
        with rules_taken_out(swarm, stack, 4789):
            eventually(lambda: not pings(swarm, ONE, "d1", address), 10, "nothing crosses")
            assert node_states(swarm) == {"Ready"}
        eventually(lambda: pings(swarm, ONE, "d1", address), 30, "it works again")


def test_without_the_gossip_port_names_of_new_containers_are_not_known(
    swarm: LocalCloud, stack: Stack
) -> None:
    with container(swarm, ONE, "g1", "shared"):
        with rules_taken_out(swarm, stack, 7946), container(swarm, TWO, "g2", "shared"):
            assert not any(pings(swarm, ONE, "g1", "g2") for _ in range(5))
            assert node_states(swarm) == {"Ready"}
        with container(swarm, TWO, "g3", "shared"):
            eventually(lambda: pings(swarm, ONE, "g1", "g3"), 150, "new names are known again")


def test_without_the_management_port_workers_are_down(swarm: LocalCloud, stack: Stack) -> None:
    # From workers alone: managers that cannot speak have no quorum, and list nothing at all.
    workers = _group_id(swarm, "swarm-workers")
    with rules_taken_out(swarm, stack, 2377, source=workers):
        eventually(lambda: node_states(swarm) == {"Ready", "Down"}, 60, "workers are Down")
    eventually(lambda: node_states(swarm) == {"Ready"}, 90, "all nodes are Ready again")


@pytest.mark.parametrize("port", [2377, 7946])
def test_nothing_outside_the_groups_reaches_a_swarm_port_sg_7(swarm: LocalCloud, port: int) -> None:
    address = swarm.hosts()[MANAGER]["address"]
    assert swarm.succeeds(ONE, "nc", "-z", "-w2", address, str(port))
    # A machine of the same VPC that is in neither group, and the administrators' network.
    stranger = ["nc", "-z", "-w2", "-s", ADMIN_ADDRESS, address]
    assert not _runs_on_fabric(swarm, [*stranger, str(port)])
    assert _runs_on_fabric(swarm, [*stranger, "22"])


def test_a_machine_of_the_vpc_outside_the_groups_reaches_nothing(
    swarm: LocalCloud, stack: Stack
) -> None:
    ec2 = swarm.aws("ec2")
    vpc_id = stack.outputs()["vpc_id"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
    made = ec2.run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnets[0]["SubnetId"],
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "stranger"}]}
        ],
    )["Instances"][0]["InstanceId"]
    try:
        eventually(
            lambda: swarm.succeeds("stranger", "ip", "route", "get", "1.1.1.1"), 30, "it is up"
        )
        manager, worker = swarm.hosts()[MANAGER]["address"], swarm.hosts()[ONE]["address"]
        reached = [
            (address, port)
            for address, port in ((manager, 22), (manager, 2377), (manager, 7946), (worker, 7946))
            if swarm.succeeds("stranger", "nc", "-z", "-w1", address, str(port))
        ]
        assert reached == []
    finally:
        ec2.terminate_instances(InstanceIds=[made])
        eventually(lambda: "stranger" not in swarm.hosts(), 10, "it is gone")


def test_a_worker_has_no_ssh_port_open_to_administrators(swarm: LocalCloud) -> None:
    address = swarm.hosts()[ONE]["address"]
    assert not _runs_on_fabric(swarm, ["nc", "-z", "-w2", "-s", ADMIN_ADDRESS, address, "22"])


def test_a_container_gets_no_token_of_the_metadata_service(swarm: LocalCloud) -> None:
    """The hop limit of 1: the answer ends at the host, one hop before its containers."""
    request = (
        "PUT /latest/api/token HTTP/1.0\\r\\nX-aws-ec2-metadata-token-ttl-seconds: 60\\r\\n\\r\\n"
    )
    ask = f"printf '{request}' | timeout 4 nc 169.254.169.254 80"
    assert "200 OK" in swarm.on(ONE, "sh", "-c", ask)
    run = ("docker", "run", "--rm", "registry.swarm.test/busybox:1", "sh", "-c", ask)
    assert "200 OK" not in swarm.on(ONE, *run, check=False)


def node_states(swarm: LocalCloud) -> set[str]:
    return set(swarm.on(MANAGER, "docker", "node", "ls", "--format", "{{.Status}}").split())


def _group_id(swarm: LocalCloud, name: str) -> str:
    wanted = [{"Name": "tag:Name", "Values": [name]}]
    groups = swarm.aws("ec2").describe_security_groups(Filters=wanted)["SecurityGroups"]
    group_id: str = groups[0]["GroupId"]
    return group_id


def _runs_on_fabric(swarm: LocalCloud, argv: list[str]) -> bool:
    enter = namespace.enter(swarm.config.fabric)
    return subprocess.run([*enter, *argv], check=False, capture_output=True).returncode == 0
