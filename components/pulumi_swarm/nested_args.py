"""Objects inside args.

No ``from __future__ import annotations`` here: Pulumi reads the annotations at
run time to infer the package's schema.
"""

from typing import NotRequired, TypedDict


class SubnetArgs(TypedDict):
    """A range of a network."""

    subnet: str
    """The range, /28 or larger. Docker: docker network create --subnet."""
    gateway: NotRequired[str]
    """The gateway's address. The subnet's first host when not given. Docker: docker network create
    --gateway."""
    ip_range: NotRequired[str]
    """The part of the range that containers take addresses from. All of it when not given. Docker:
    docker network create --ip-range."""


class IngressArgs(TypedDict):
    """The network that published ports come in by."""

    subnet: NotRequired[str]
    """Its range, /28 or larger. A free /20 is chosen when not given. Docker: docker network create
    --ingress --subnet."""
    gateway: NotRequired[str]
    """The gateway's address. The subnet's first host when not given. Docker: docker network create
    --gateway."""
    ip_range: NotRequired[str]
    """The part of the range that tasks take addresses from. All of it when not given. Docker:
    docker network create --ip-range."""
    mtu: NotRequired[int]
    """MTU of the path below it, from 576 bytes to underlayMtu. underlayMtu when not given. Docker:
    com.docker.network.driver.mtu."""
    encrypted: NotRequired[bool]
    """Whether its traffic between nodes goes by IPsec. false when not given. Docker: docker network
    create --opt encrypted."""


class DockerGwbridgeArgs(TypedDict):
    """The bridge between a node's overlay networks and its host."""

    subnet: NotRequired[str]
    """Its range, /26 or larger; the same on every node. A free one is chosen when not given.
    Docker: docker network create --subnet."""
    gateway: NotRequired[str]
    """The bridge's own address. The subnet's first host when not given. Docker: docker network
    create --gateway."""
    mtu: NotRequired[int]
    """Its MTU, from 576 bytes to underlayMtu. underlayMtu when not given. Docker:
    com.docker.network.driver.mtu."""
    icc: NotRequired[bool]
    """Whether containers of one node may reach each other across it. false when not given. Docker:
    com.docker.network.bridge.enable_icc."""
    ip_masquerade: NotRequired[bool]
    """Whether containers leave under their node's address. Without, they reach nothing outside it:
    a VPC takes no packet from another source. true when not given. Docker:
    com.docker.network.bridge.enable_ip_masquerade."""


class AddressPoolArgs(TypedDict):
    """A range that networks of a single host are taken from."""

    base: str
    """The range, a private one. Docker: dockerd --default-address-pool base=."""
    size: int
    """Prefix length of each network taken from it, from its own to 26. Docker: dockerd
    --default-address-pool size=."""


class LogDriverArgs(TypedDict):
    """Where logs go."""

    name: str
    """json-file, local, journald, syslog, awslogs or another of Docker's, or a plugin's name.
    Docker: "Configure logging drivers"."""
    options: NotRequired[dict[str, str]]
    """The driver's options, such as max-size: 10m. None when not given. Docker: dockerd
    --log-opt."""


class ExternalCaArgs(TypedDict):
    """A certificate authority outside the swarm."""

    url: str
    """The https URL of its CFSSL signing endpoint, at port 443. Docker: docker swarm update
    --external-ca protocol=cfssl."""
    ca_cert: str
    """Its certificate in PEM. Docker: docker swarm update --external-ca cacert=."""


class UserDataPartArgs(TypedDict):
    """A part of user-data."""

    content_type: NotRequired[str]
    """text/x-shellscript, text/cloud-config or text/cloud-boothook. text/x-shellscript when not
    given. cloud-init: "User-data formats"."""
    content: str
    """The text, with the first line that its type asks for. It is no place for secrets."""


class BastionArgs(TypedDict):
    """A host that forwards connections to the managers."""

    host: str
    """Its name or address."""
    user: str
    """The user there."""
    port: NotRequired[int]
    """The port of its sshd, 1 to 65535. 22 when not given."""
    host_key: str
    """Its ssh host key, in OpenSSH's one-line form. OpenSSH: SSH_KNOWN_HOSTS FILE FORMAT of
    sshd(8)."""
