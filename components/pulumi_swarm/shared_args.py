"""Args that several components share; each is described once.

No ``from __future__ import annotations`` here or in a component: Pulumi reads
the annotations at run time to infer the package's schema.
"""

from typing import NotRequired, TypedDict

import pulumi


class ManagerArgs(TypedDict):
    """What managers are."""

    manager_count: NotRequired[int]
    """How many managers: 1, 3, 5 or 7. 3 when not given."""
    manager_instance_type: NotRequired[str]
    """EC2 instance type of the managers. t3.small when not given."""
    manager_availability: NotRequired[str]
    """active, pause or drain: whether managers take tasks. active when not given."""
    manager_labels: NotRequired[dict[str, str]]
    """Node labels for every manager."""


class WorkerArgs(TypedDict):
    """What workers are."""

    worker_count: NotRequired[int]
    """How many workers, 0 to 1000. 0 when not given."""
    worker_instance_type: NotRequired[str]
    """EC2 instance type of the workers. t3.small when not given."""
    worker_availability: NotRequired[str]
    """active, pause or drain: whether workers take tasks. active when not given."""
    worker_labels: NotRequired[dict[str, str]]
    """Node labels for every worker."""


class NodeArgs(TypedDict):
    """What all nodes are, and how Pulumi reaches the managers."""

    node_labels: NotRequired[dict[str, dict[str, str]]]
    """Node labels for single nodes, by key such as manager-0 or worker-4."""
    node_generations: NotRequired[dict[str, int]]
    """Generation of single nodes, by key; raising one replaces that node, with the newest image
    and user-data. 1 when not given."""
    operating_system: NotRequired[str]
    """debian-12, debian-13, ubuntu-24.04 or amazon-linux-2023. debian-12 when not given."""
    ami: NotRequired[pulumi.Input[str]]
    """An image of your own. The newest of the operating system when not given."""
    engine_version: NotRequired[str]
    """Version of Docker's own packages. The distribution's package when not given; an image
    that has Docker is used as it is."""
    root_volume_size_gib: NotRequired[int]
    """Size of the encrypted gp3 root volumes, 8 to 16384 GiB. 20 when not given."""
    boot_timeout_seconds: NotRequired[int]
    """How long a machine may take to join, 60 to 3600 seconds. 600 when not given."""
    access: NotRequired[str]
    """public, private or ssm: how Pulumi reaches the managers: by ssh to Elastic IPs, by ssh to
    private addresses, or through Session Manager with no port open. public when not given."""
    ssh_identity_file: NotRequired[str]
    """The private key that ssh uses. ssh's own choice (agent, default keys) when not given."""
    ssh_proxy_command: NotRequired[str]
    """A command that runs another in the managers' network. None when not given."""
    tags: NotRequired[dict[str, str]]
    """Tags for every resource that takes any."""


class SwarmArgs(TypedDict):
    """What is said once, when the swarm is made."""

    vpc_cidr: NotRequired[str]
    """The VPC's range, from /16 to /25. 10.0.0.0/16 when not given."""
    avoid_cidrs: NotRequired[list[str]]
    """Ranges of peers and VPNs that nothing here may overlap."""
    default_addr_pool: NotRequired[list[str]]
    """Ranges that networks without a subnet are taken from. A free one is chosen when not given."""
    subnet_size: NotRequired[int]
    """Prefix length of each network taken from the pool, 8 to 29. 24 when not given."""
    data_path_port: NotRequired[int]
    """The UDP port of overlay traffic, 1024 to 49151. 4789 when not given."""
    ssh_authorized_keys: list[str]
    """Public keys that may speak to Docker on the managers, and do nothing else there."""
