"""What must hold of any program with a swarm; the components hold to it, the policy pack checks it.

Pure: each function takes the inputs of one resource as the engine has them, and
returns what is wrong with it, or nothing.
"""

import base64
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from .ports import (
    DEFAULT_DATA_PATH_PORT,
    ESP,
    GOSSIP_PORT,
    MANAGEMENT_PORT,
    SSH_PORT,
    WITH_PORTS,
)

MIN_ADMIN_PREFIX = 8  # no network of administrators is larger than a class A
MIN_ADMIN_PREFIX_OF_IPV6 = 32  # what a whole provider is given (RFC 7020's registries)
# Every join token and every key of a locked swarm starts so.
SECRET_PREFIXES = (b"SWMTKN-", b"SWMKEY-")
GZIP = b"\x1f\x8b"
GZIP_BITS = 16 + zlib.MAX_WBITS  # zlib's word for gzip's header
# Of a template in base64: an archive of parts, of which one is a script in base64.
PACKED_AT_MOST = 4
BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]{16,}")
# From the beginnings of runs alone: tried from each letter of a long one, it would take seconds.
BASE64_LINES = re.compile(rb"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{16,}(?:\s+[A-Za-z0-9+/]+)+")
DOCKER_API_PORTS = (2375, 2376)  # without and with TLS: root on the machine
GUARDED_PORTS = (
    *(SSH_PORT, MANAGEMENT_PORT, GOSSIP_PORT, DEFAULT_DATA_PATH_PORT),
    *DOCKER_API_PORTS,
)
ALL_PROTOCOLS = ("-1", "all")
# What images of EC2 call their root (EC2 user guide, "Device names").
ROOT_DEVICES = ("/dev/xvda", "/dev/sda1", "/dev/sda")

Inputs = Mapping[str, Any]


def is_large_part_of_the_world(cidr: str) -> bool:
    """Whether a range is too large to be anybody's own."""
    network = ip_network(cidr, strict=False)
    smallest = MIN_ADMIN_PREFIX if network.version == 4 else MIN_ADMIN_PREFIX_OF_IPV6  # noqa: PLR2004
    return network.prefixlen < smallest


def holds_secret(text: str) -> bool:
    """Whether a text holds something like a join token or an unlock key.

    In base64 and gzip too, also of a part: launch templates take their user-data in base64, and
    cloud-init each part in both.
    """
    forms = _unpacked(text.encode(), PACKED_AT_MOST)
    return any(prefix in form for form in forms for prefix in SECRET_PREFIXES)


def _unpacked(data: bytes, depth: int) -> Iterator[bytes]:
    """The data as it stands, and all that is packed in it."""
    yield data
    if depth == 0:
        return
    if data.startswith(GZIP):
        try:
            yield from _unpacked(zlib.decompressobj(GZIP_BITS).decompress(data), depth - 1)
        except zlib.error:
            return
    # Each by itself too: what stands before the first line, such as a path, may look like one.
    for found in {*BASE64_RUN.findall(data), *BASE64_LINES.findall(data)}:
        letters = b"".join(found.split())
        whole = len(letters) - (len(letters) % 4 == 1)  # one letter alone stands for no byte
        yield from _unpacked(base64.b64decode(letters[:whole] + b"=="), depth - 1)


def opened_to_the_world(rule: Inputs) -> str:
    """What a rule into machines opens of a swarm to a large part of the world; empty if nothing.

    Takes the inputs of a SecurityGroupIngressRule, or of one rule of a
    SecurityGroup.
    """
    ranges = [rule.get("cidrIpv4"), rule.get("cidrIpv6")]
    ranges += [*(rule.get("cidrBlocks") or ()), *(rule.get("ipv6CidrBlocks") or ())]
    wide = [cidr for cidr in ranges if cidr and is_large_part_of_the_world(cidr)]
    if not wide:
        return ""
    protocol = str(rule.get("ipProtocol") or rule.get("protocol") or ALL_PROTOCOLS[0]).lower()
    if protocol in ALL_PROTOCOLS:
        return f"all traffic to {wide[0]}"
    if protocol in (ESP, "esp"):
        return f"IP protocol {ESP} to {wide[0]}"
    low, high = rule.get("fromPort"), rule.get("toPort")
    if low is None or protocol not in WITH_PORTS:
        return ""
    ports = [port for port in GUARDED_PORTS if low <= port <= (low if high is None else high)]
    return f"port {ports[0]} to {wide[0]}" if ports else ""


def takes_old_metadata_requests(machine: Inputs) -> bool:
    """Whether an instance or launch template answers IMDSv1, which a container can ask."""
    return (machine.get("metadataOptions") or {}).get("httpTokens") != "required"


def clear_volumes(machine: Inputs) -> Sequence[str]:
    """The volumes of an instance that are not encrypted."""
    root = machine.get("rootBlockDevice") or {}
    found = [] if root.get("encrypted") else ["the root volume"]
    return [*found, *_clear(machine.get("ebsBlockDevices") or ())]


def clear_volume(volume: Inputs) -> Sequence[str]:
    """A volume that stands for itself, if it is not encrypted."""
    return _clear([{**volume, "deviceName": "the volume"}])


def clear_volumes_of_template(template: Inputs) -> Sequence[str]:
    """The volumes of a launch template that are not encrypted, and a root left to the image."""
    disks = [
        {**mapping["ebs"], "deviceName": mapping.get("deviceName", "a volume")}
        for mapping in template.get("blockDeviceMappings") or ()
        if mapping.get("ebs")
    ]
    # A name that is no text yet is known after the update, and may be the root's.
    names = [disk["deviceName"] for disk in disks]
    has_root = any(name in ROOT_DEVICES or not str(name).startswith("/dev/") for name in names)
    return [*([] if has_root else ["the root volume"]), *_clear(disks)]


def _clear(devices: Sequence[Inputs]) -> list[str]:
    return [
        str(device.get("deviceName", "a volume"))
        for device in devices
        if str(device.get("encrypted")).lower() != "true"  # templates take it as a word
    ]
