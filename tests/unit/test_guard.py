"""What must hold of any program with a swarm."""

import base64
import gzip
from collections.abc import Callable
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


def test_root_that_a_launch_template_leaves_to_its_image_is_named() -> None:
    def template(name: object) -> dict[str, Any]:
        return {"blockDeviceMappings": [{"deviceName": name, "ebs": {"encrypted": True}}]}

    assert guard.clear_volumes_of_template(template("/dev/sdf")) == ["the root volume"]
    assert guard.clear_volumes_of_template(template("/dev/sda1")) == []
    assert guard.clear_volumes_of_template(template(None)) == []  # of an image that is looked up


@pytest.mark.parametrize(("cidr", "large"), [("2a00::/12", True), ("2001:db8::/32", False)])
def test_large_part_of_the_world_is_one_in_ipv6_too(cidr: str, large: bool) -> None:
    assert guard.is_large_part_of_the_world(cidr) is large


def test_volume_that_stands_for_itself_in_clear_is_named() -> None:
    assert guard.clear_volume({"size": 8}) == ["the volume"]
    assert guard.clear_volume({"size": 8, "encrypted": True}) == []


JOINS = b"#!/bin/sh\ndocker swarm join --token SWMTKN-1-abc 10.0.0.1:2377"
HARMLESS = b"#!/bin/sh\necho nothing is to be found in here; 10.0.0.1:2377"


def plain(text: bytes) -> str:
    return text.decode()


def in_base64(text: bytes) -> str:
    return base64.b64encode(text).decode()


def in_gzip(text: bytes) -> str:
    return in_base64(gzip.compress(text))


def as_a_part(text: bytes) -> str:
    lines = base64.encodebytes(gzip.compress(text)).decode()
    return f"MIME-Version: 1.0\n\n--b\nContent-Type: text/x-shellscript\n\n{lines}\n--b--\n"


def as_a_part_from_windows(text: bytes) -> str:
    return as_a_part(text).replace("\n", "\r\n")


def as_an_indented_block(text: bytes) -> str:
    lines = base64.encodebytes(gzip.compress(text)).decode().splitlines()
    return "\n".join(["write_files:", "- content: !!binary |", *(f"    {line}" for line in lines)])


def behind_a_path(text: bytes) -> str:
    return f"#!/bin/sh\n/usr/local/bin/decode/and/run {in_base64(text)}\n"


def as_a_written_file_of_a_template(text: bytes) -> str:
    file = f"#cloud-config\nwrite_files:\n- {{encoding: b64, content: {in_base64(text)}}}\n"
    return in_gzip(file.encode())


@pytest.mark.parametrize(
    "form",
    [
        *(plain, in_base64, in_gzip, as_a_part, as_a_part_from_windows),
        *(as_an_indented_block, behind_a_path, as_a_written_file_of_a_template),
    ],
)
def test_token_in_user_data_is_found_however_it_is_packed(
    form: Callable[[bytes], str],
) -> None:
    assert guard.holds_secret(form(JOINS))
    assert not guard.holds_secret(form(HARMLESS))


def test_what_only_looks_packed_is_no_secret_and_no_error() -> None:
    cut_short = in_base64(gzip.compress(JOINS)[:14] + b"nonsense")
    assert not guard.holds_secret(f"{'a' * 17} {'b' * 21} {cut_short}")
