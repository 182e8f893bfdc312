"""Objects inside args.

No ``from __future__ import annotations`` here: Pulumi reads the annotations at
run time to infer the package's schema.
"""

from typing import NotRequired, TypedDict


class SubnetArgs(TypedDict):
    """A range of a network."""

    subnet: str
    """The range, /28 or larger."""
    gateway: NotRequired[str]
    """The gateway's address. The subnet's first host when not given."""
    ip_range: NotRequired[str]
    """The part of the range that containers take addresses from. All of it when not given."""


class IngressArgs(TypedDict):
    """The network that published ports come in by."""

    subnet: NotRequired[str]
    """Its range. A free /20 is chosen when not given."""
    gateway: NotRequired[str]
    """The gateway's address. The subnet's first host when not given."""
    ip_range: NotRequired[str]
    """The part of the range that tasks take addresses from. All of it when not given."""
    mtu: NotRequired[int]
    """MTU of the path below it, in bytes. underlayMtu when not given."""
    encrypted: NotRequired[bool]
    """Whether its traffic between nodes goes by IPsec. false when not given."""


class DockerGwbridgeArgs(TypedDict):
    """The bridge between a node's overlay networks and its host."""

    subnet: NotRequired[str]
    """Its range, /26 or larger; the same on every node. A free one is chosen when not given."""
    gateway: NotRequired[str]
    """The bridge's own address. The subnet's first host when not given."""
    mtu: NotRequired[int]
    """Its MTU in bytes. underlayMtu when not given."""
    icc: NotRequired[bool]
    """Whether containers of one node may reach each other across it. false when not given."""
    ip_masquerade: NotRequired[bool]
    """Whether containers leave under their node's address. Without, they reach nothing outside it:
    a VPC takes no packet from another source. true when not given."""


class AddressPoolArgs(TypedDict):
    """A range that networks of a single host are taken from."""

    base: str
    """The range."""
    size: int
    """Prefix length of each network taken from it, up to 26."""


class LogDriverArgs(TypedDict):
    """Where logs go."""

    name: str
    """json-file, local, journald, syslog, awslogs or another of Docker's, or a plugin's name."""
    options: NotRequired[dict[str, str]]
    """The driver's options, such as max-size: 10m. None when not given."""


class ExternalCaArgs(TypedDict):
    """A certificate authority outside the swarm."""

    url: str
    """The https URL of its CFSSL signing endpoint."""
    ca_cert: str
    """Its certificate in PEM."""


class UserDataPartArgs(TypedDict):
    """A part of user-data."""

    content_type: NotRequired[str]
    """text/x-shellscript, text/cloud-config or text/cloud-boothook. text/x-shellscript when not
    given."""
    content: str
    """The text, with the first line that its type asks for. It is no place for secrets."""


class BastionArgs(TypedDict):
    """A host that forwards connections to the managers."""

    host: str
    """Its name or address."""
    user: str
    """The user there."""
    port: NotRequired[int]
    """The port of its sshd. 22 when not given."""
    host_key: str
    """Its ssh host key, in OpenSSH's one-line form."""
