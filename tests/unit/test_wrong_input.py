"""Each mistake has a sentence: which input, what was given, what is allowed, what to do."""

from typing import Any

import pytest

from pulumi_swarm.plan.problems import Problems
from tests.unit.inputs import GOOD, KEY, read

SUBNET = {"name": "a", "subnet": "10.210.0.0/24"}


def network(**changes: Any) -> dict[str, Any]:
    return {"networks": [{**SUBNET, **changes}]}


# (changes, path of the input that is wrong, a part of what is allowed or of the remedy)
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"manager_count": 2}, "managerCount", "must be odd"),
    ({"manager_count": 0}, "managerCount", "from 1 to 7"),
    ({"manager_count": 9}, "managerCount", "from 1 to 7"),
    ({"manager_count": "three"}, "managerCount", "whole number"),
    ({"manager_count": 3.5}, "managerCount", "whole number"),
    ({"manager_count": True}, "managerCount", "whole number"),
    ({"worker_count": -1}, "workerCount", "from 0 to 1000"),
    ({"worker_cuont": 3}, "workerCuont", "did you mean workerCount?"),
    ({"vpc_cidr": "10.20.0.0"}, "vpcCidr", "CIDR notation"),
    ({"vpc_cidr": "10.20.0.0/33"}, "vpcCidr", "CIDR notation"),
    ({"vpc_cidr": "10.20.0.1/16"}, "vpcCidr", "write 10.20.0.0/16"),
    ({"vpc_cidr": "10.0.0.0/8"}, "vpcCidr", "from /16 to /25"),
    ({"vpc_cidr": "10.20.0.0/27"}, "vpcCidr", "from /16 to /25"),
    ({"vpc_cidr": "8.8.0.0/16"}, "vpcCidr", "private range"),
    ({"vpc_cidr": "172.17.0.0/16"}, "vpcCidr", "Docker's bridges"),
    ({"vpc_cidr": "10.210.0.0/16"}, "networks[1].subnet", "must not overlap vpcCidr"),
    ({"default_addr_pool": ["10.0.0.0/8"]}, "defaultAddrPool[0]", "must not overlap vpcCidr"),
    ({"default_addr_pool": ["10.210.0.0/16"]}, "networks[1].subnet", "defaultAddrPool[0]"),
    ({"default_addr_pool": ["10.200.0.0/26"]}, "defaultAddrPool[0]", "at least one network"),
    ({"default_addr_pool": ["11.0.0.0/8"]}, "defaultAddrPool[0]", "private range"),
    ({"default_addr_pool": "10.200.0.0/14"}, "defaultAddrPool", "must be a list"),
    ({"default_addr_pool": ["10.200.0.1/14"]}, "defaultAddrPool[0]", "host bits"),
    ({"subnet_size": 30}, "subnetSize", "from 8 to 29"),
    ({"avoid_cidrs": ["10.20.128.0/17"]}, "vpcCidr", "must not overlap avoidCidrs[0]"),
    ({"avoid_cidrs": ["10.210.0.0/20"]}, "networks[1].subnet", "avoidCidrs[0]"),
    ({"data_path_port": 80}, "dataPathPort", "from 1024 to 49151"),
    ({"data_path_port": 50000}, "dataPathPort", "from 1024 to 49151"),
    ({"data_path_port": 7789}, "dataPathPort", "older engines send them in clear"),
    ({"data_path_port": 7789, "engine_version": "20.10.24"}, "dataPathPort", "in clear"),
    ({"access": "vpn"}, "access", "public, private, ssm"),
    ({"admin_cidrs": ["0.0.0.0/0"]}, "adminCidrs[0]", "part of the world"),
    ({"admin_cidrs": ["128.0.0.0/1"]}, "adminCidrs[0]", "part of the world"),
    ({"admin_cidrs": None}, "adminCidrs", "must be given with access: private"),
    ({"access": "ssm", "operating_system": "ubuntu-24.04"}, "adminCidrs", "no use"),
    ({"access": "ssm", "admin_cidrs": None}, "operatingSystem", "SSM agent"),
    ({"ssh_authorized_keys": []}, "sshAuthorizedKeys", "at least one public key"),
    ({"ssh_authorized_keys": ["-----BEGIN X"]}, "sshAuthorizedKeys[0]", "OpenSSH public key"),
    ({"ssh_authorized_keys": [f"ssh-dss {KEY.split()[1]}"]}, "sshAuthorizedKeys[0]", "public key"),
    ({"operating_system": "windows"}, "operatingSystem", "debian-12"),
    ({"manager_instance_type": "large"}, "managerInstanceType", "such as t3.small"),
    ({"engine_version": "latest"}, "engineVersion", "such as 29.1"),
    ({"root_volume_size_gib": 4}, "rootVolumeSizeGib", "from 8 to 16384"),
    ({"boot_timeout_seconds": 5}, "bootTimeoutSeconds", "from 60 to 3600"),
    ({"manager_availability": "drained"}, "managerAvailability", "did you mean drain?"),
    ({"node_labels": {"worker-7": {"a": "b"}}}, "nodeLabels.worker-7", "must name a node"),
    ({"node_labels": {"worker-1": {"a": 1}}}, "nodeLabels.worker-1.a", "must be a string"),
    ({"worker_labels": {"com.docker.x": "y"}}, "workerLabels.com.docker.x", "Docker keeps"),
    ({"node_generations": {"worker-1": 0}}, "nodeGenerations.worker-1", "from 1"),
    ({"availability_zones": ["a", "a"]}, "availabilityZones", "different zones"),
    ({"nat": "yes"}, "nat", "none, single, per-zone"),
    ({"vpc_id": "vpc-1"}, "subnetIds", "must be given with vpcId"),
    ({"subnet_ids": ["subnet-1"]}, "subnetIds", "needs vpcId"),
    ({"tags": {"aws:x": "y"}}, "tags.aws:x", "AWS keeps"),
    ({"tags": {"a": 1}}, "tags.a", "must be a string"),
    ({"networks": [{"name": "a"}, {"name": "a"}]}, "networks[1].name", "must be unique"),
    ({"networks": [{}]}, "networks[0].name", "must be given"),
    ({"networks": ["app"]}, "networks[0]", "must be an object"),
    ({"networks": {"name": "app"}}, "networks", "must be a list"),
    (network(name="ingress"), "networks[0].name", "Docker's own"),
    (network(name="host"), "networks[0].name", "Docker's own"),
    (network(name="-x"), "networks[0].name", "letter or digit at both ends"),
    (network(name="x_"), "networks[0].name", "letter or digit at both ends"),
    (network(name="a.b"), "networks[0].name", "letters, digits, _ and -"),
    (network(name="a" * 64), "networks[0].name", "at most 63"),
    (network(subnet="10.210.0.0/30"), "networks[0].subnet", "/28 or larger"),
    (network(subnet="10.210.0.9/24"), "networks[0].subnet", "write 10.210.0.0/24"),
    (network(subnet="9.9.9.0/24"), "networks[0].subnet", "private range"),
    (network(subnet="0.0.0.0/0"), "networks[0].subnet", "private range"),
    (network(subnet="172.17.1.0/24"), "networks[0].subnet", "docker0"),
    (network(gateway="10.211.0.1"), "networks[0].gateway", "host address of the subnet"),
    (network(gateway="10.210.0.255"), "networks[0].gateway", "host address of the subnet"),
    (network(gateway="first"), "networks[0].gateway", "IPv4 address"),
    (network(subnet=None, gateway="10.210.0.1"), "networks[0].gateway", "needs a subnet"),
    (network(mtu=100), "networks[0].mtu", "from 144 to 9216"),
    (network(encrypted="yes"), "networks[0].encrypted", "true or false"),
    (network(attachable=1), "networks[0].attachable", "true or false"),
    (network(scope="swarm"), "networks[0].scope", "cannot be set here"),
    (network(driver="bridge"), "networks[0].driver", "docker.Network itself"),
    (network(ingress=True), "networks[0].ingress", "made with the swarm"),
    (network(encryptd=True), "networks[0].encryptd", "did you mean encrypted?"),
    (network(labels=["a"]), "networks[0].labels", "named strings"),
]


def test_the_args_that_tests_spoil_are_good() -> None:
    _, problems = read()
    assert problems == []


@pytest.mark.parametrize(("changes", "path", "sentence"), WRONG)
def test_mistake_has_a_sentence(changes: dict[str, Any], path: str, sentence: str) -> None:
    _, problems = read(**changes)
    about = [str(p) for p in problems if p.path == path]
    assert any(sentence in text for text in about), [str(p) for p in problems]
    for problem in problems:
        assert problem.allowed
        assert problem.remedy


def test_all_mistakes_of_a_run_come_together() -> None:
    _, found = read(manager_count=2, vpc_cidr="10.20.0.1/16", access="vpn", nonsense=1)
    assert {p.path for p in found} >= {"managerCount", "vpcCidr", "access", "nonsense"}
    text = str(Problems(found))
    assert text.startswith(f"{len(found)} inputs are wrong; nothing was made:")
    assert len(text.splitlines()) == len(found) + 1


def test_a_private_key_given_by_mistake_is_not_shown() -> None:
    private = "-----BEGIN OPENSSH PRIVATE KEY----- c2VjcmV0"
    _, found = read(ssh_authorized_keys=[private])
    assert found
    assert "c2VjcmV0" not in str(Problems(found))


def test_numbers_that_come_as_floats_from_other_languages_are_whole() -> None:
    plan, problems = read(manager_count=5.0, data_path_port=4789.0)
    assert problems == []
    assert len([n for n in plan.nodes if n.role == "manager"]) == 5
    assert isinstance(plan.swarm.data_path_port, int)


def test_camel_case_keys_are_the_same_inputs() -> None:
    _, problems = read(manager_count=None, managerCount=5)
    assert problems == []
    assert GOOD["manager_count"] == 3
