"""What must hold of any program with a swarm."""

import base64
from typing import Any

import pytest

from pulumi_swarm.plan import guard

WORLD = {"cidrIpv4": "0.0.0.0/0"}


@pytest.mark.parametrize(
    ("rule", "opened"),
    [
        ({**WORLD, "ipProtocol": "tcp", "fromPort": 2377, "toPort": 2377}, "port 2377"),
        ({**WORLD, "ipProtocol": "udp", "fromPort": 0, "toPort": 65535}, "port 22"),
        ({**WORLD, "ipProtocol": "tcp", "fromPort": 22}, "port 22"),
        ({"cidrIpv6": "::/0", "ipProtocol": "-1"}, "all traffic"),
        ({**WORLD, "ipProtocol": "50"}, "IP protocol 50"),
        ({**WORLD, "ipProtocol": "all"}, "all traffic"),
        ({**WORLD, "ipProtocol": "ESP"}, "IP protocol 50"),
        ({**WORLD, "ipProtocol": "TCP", "fromPort": 2377, "toPort": 2377}, "port 2377"),
        ({**WORLD, "ipProtocol": "tcp", "fromPort": 2375, "toPort": 2376}, "port 2375"),
        ({"cidrBlocks": ["128.0.0.0/1"], "protocol": "udp", "fromPort": 4789}, "port 4789"),
    ],
)
def test_swarm_port_to_the_world_is_found_however_it_is_written_sg_7(
    rule: dict[str, Any], opened: str
) -> None:
    assert guard.opened_to_the_world(rule).startswith(opened)


@pytest.mark.parametrize(
    "rule",
    [
        {**WORLD, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443},
        {**WORLD, "ipProtocol": "icmp", "fromPort": 8, "toPort": 0},
        {"cidrIpv4": "203.0.113.10/32", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22},
        {"referencedSecurityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 2377},
    ],
)
def test_what_services_publish_and_what_is_closed_is_let_be(rule: dict[str, Any]) -> None:
    assert guard.opened_to_the_world(rule) == ""


def test_machine_of_the_older_metadata_service_is_found() -> None:
    assert guard.takes_old_metadata_requests({})
    assert guard.takes_old_metadata_requests({"metadataOptions": {"httpTokens": "optional"}})
    assert not guard.takes_old_metadata_requests({"metadataOptions": {"httpTokens": "required"}})


def test_volume_in_clear_is_named() -> None:
    machine = {
        "rootBlockDevice": {"encrypted": True},
        "ebsBlockDevices": [{"deviceName": "/dev/sdb"}, {"encrypted": True}],
    }
    assert guard.clear_volumes(machine) == ["/dev/sdb"]
    assert guard.clear_volumes({}) == ["the root volume"]


def test_volume_of_a_launch_template_in_clear_is_named() -> None:
    def template(encrypted: object) -> dict[str, Any]:
        disk = {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 8, "encrypted": encrypted}}
        return {"blockDeviceMappings": [{"deviceName": "/dev/sdc", "noDevice": "true"}, disk]}

    assert guard.clear_volumes_of_template(template("true")) == []
    assert guard.clear_volumes_of_template(template(True)) == []
    assert guard.clear_volumes_of_template(template("false")) == ["/dev/xvda"]
    assert guard.clear_volumes_of_template(template(None)) == ["/dev/xvda"]
    assert guard.clear_volumes_of_template({}) == ["the root volume"]


def test_token_in_user_data_is_found_as_base64_too() -> None:
    text = "#!/bin/sh\ndocker swarm join --token SWMTKN-1-abc 10.0.0.1:2377"
    assert guard.holds_secret(text)
    assert guard.holds_secret(base64.b64encode(text.encode()).decode())
    assert not guard.holds_secret(base64.b64encode(b"#!/bin/sh").decode())
    assert not guard.holds_secret("#!/bin/sh")
