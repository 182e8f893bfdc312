"""Args that several components share; each is described once.

No ``from __future__ import annotations`` here or in a component: Pulumi reads
the annotations at run time to infer the package's schema.
"""

from typing import NotRequired, TypedDict

import pulumi

from .nested_args import (
    AddressPoolArgs,
    BastionArgs,
    DockerGwbridgeArgs,
    ExternalCaArgs,
    IngressArgs,
    LogDriverArgs,
    UserDataPartArgs,
)


class ManagerArgs(TypedDict):
    """What managers are."""

    manager_count: NotRequired[int]
    """How many managers: 1, 3, 5 or 7. 3 when not given. Docker: "Administer and maintain a swarm
    of Docker Engines"."""
    manager_instance_type: NotRequired[str]
    """EC2 instance type of the managers. t3.small when not given. EC2: InstanceType."""
    manager_availability: NotRequired[str]
    """active, pause or drain: whether managers take tasks. active when not given. Docker: docker
    node update --availability."""
    manager_labels: NotRequired[dict[str, str]]
    """Node labels for every manager. None when not given. Docker: docker node update
    --label-add."""
    reap_after_seconds: NotRequired[int]
    """How long a machine of an autoscaled pool may be down, or a join that broke off may be on the
    list, before managers take it off for good, 30 to 86400 seconds. 900 when not given."""
    manager_generation: NotRequired[int]
    """A counter, 1 to 1000000; raising it replaces every manager, one after the other, with the
    newest image and user-data. 1 when not given."""


class WorkerArgs(TypedDict):
    """What workers are."""

    worker_count: NotRequired[int]
    """How many workers, 0 to 1000. 0 when not given."""
    worker_instance_type: NotRequired[str]
    """EC2 instance type of the workers. t3.small when not given. EC2: InstanceType."""
    worker_availability: NotRequired[str]
    """active, pause or drain: whether workers take tasks. active when not given. Docker: docker
    node update --availability."""
    worker_labels: NotRequired[dict[str, str]]
    """Node labels for every worker. None when not given. Docker: docker node update --label-add."""
    worker_generation: NotRequired[int]
    """A counter, 1 to 1000000; raising it replaces every worker, with the newest image and
    user-data. 1 when not given."""
    worker_parallelism: NotRequired[int]
    """How many workers are away at once while workers are replaced, 0 to 1000; 0 replaces all at
    once. 1 when not given. As docker service update --update-parallelism."""
    worker_spot: NotRequired[bool]
    """Whether workers are spot machines, which AWS takes back when it needs them. false when not
    given. EC2: InstanceMarketOptions."""


class AutoscaledPoolArgs(TypedDict):
    """Workers in an auto-scaling group."""

    name: str
    """Names the group and, as engine.labels.swarm.pool, its nodes in placement constraints."""
    min_size: NotRequired[int]
    """The fewest machines, 0 to 1000; as many are there at first. 0 when not given. EC2 Auto
    Scaling: MinSize."""
    max_size: int
    """The most machines, 0 to 1000; what scales the group stays between the two. EC2 Auto Scaling:
    MaxSize."""
    instance_types: NotRequired[list[str]]
    """Up to 40 EC2 instance types with one processor, of which AWS takes what it has. t3.small when
    not given. EC2 Auto Scaling: MixedInstancesPolicy."""
    on_demand_base_capacity: NotRequired[int]
    """How many of the first machines are no spot machines, 0 to 1000. 0 when not given. EC2 Auto
    Scaling: OnDemandBaseCapacity."""
    on_demand_percentage_above_base_capacity: NotRequired[int]
    """How many of the others are no spot machines, 0 to 100 percent. 100 when not given. EC2 Auto
    Scaling: OnDemandPercentageAboveBaseCapacity."""
    min_healthy_percentage: NotRequired[int]
    """What stays in service while machines are replaced, 0 to 100 percent. 90 when not given. EC2
    Auto Scaling: MinHealthyPercentage of an instance refresh."""
    labels: NotRequired[dict[str, str]]
    """Further engine labels of its nodes. None when not given. Docker: dockerd --label."""
    generation: NotRequired[int]
    """A counter, 1 to 1000000; raising it replaces the machines by an instance refresh, with the
    newest image and user-data. 1 when not given."""


class MachineArgs(TypedDict):
    """What every machine is."""

    operating_system: NotRequired[str]
    """debian-12, debian-13, ubuntu-24.04 or amazon-linux-2023. debian-12 when not given."""
    ami: NotRequired[pulumi.Input[str]]
    """An image of your own. The newest of the operating system when not given. EC2: ImageId."""
    engine_version: NotRequired[str]
    """Version of Docker's own packages, 20.10 or newer, such as 29.1. The distribution's package
    when not given. An image that has Docker is used as it is, and must have this version."""
    root_volume_size_gib: NotRequired[int]
    """Size of the encrypted gp3 root volumes, 8 to 16384 GiB; a change reaches machines that are
    made or replaced afterwards. 20 when not given. EC2: VolumeSize."""
    boot_timeout_seconds: NotRequired[int]
    """How long a machine may take to join, 60 to 3600 seconds. 600 when not given."""
    tags: NotRequired[dict[str, str]]
    """Tags for every resource that takes any. None when not given. AWS: "Tagging AWS resources"."""


class NodeArgs(MachineArgs):
    """What all nodes are, and how Pulumi reaches the managers."""

    node_labels: NotRequired[dict[str, dict[str, str]]]
    """Node labels for single nodes, by key such as manager-0 or worker-4. None when not given.
    Docker: docker node update --label-add."""
    node_generations: NotRequired[dict[str, int]]
    """Generation of single nodes, by key, from 1; raising one replaces that node, with the newest
    image and user-data. 1 when not given."""
    node_advertise_addrs: NotRequired[dict[str, str]]
    """Private addresses that single nodes tell the others to reach them by, by key, such as one of
    a second interface. A machine joins when its routes send under that address, since packets from
    another are dropped (moby#53004). Not with encrypted networks. A node's own address in the VPC
    when not given. Docker: docker swarm join --advertise-addr."""
    access: NotRequired[str]
    """public, private, bastion or ssm: how Pulumi reaches the managers: by ssh to Elastic IPs, by
    ssh to private addresses, the same through a bastion, or through Session Manager with no port
    open. public when not given."""
    ssh_bastion: NotRequired[BastionArgs]
    """The host that connections go through with access bastion; adminCidrs then names its address.
    None when not given. OpenSSH: ProxyJump."""
    ssh_identity_file: NotRequired[str]
    """The private key that ssh uses. ssh's own choice (agent, default keys) when not given.
    OpenSSH: IdentityFile."""
    ssh_proxy_command: NotRequired[str]
    """A command that runs another in the managers' network. None when not given. OpenSSH:
    ProxyCommand."""


class DaemonArgs(TypedDict):
    """What the Docker daemon of every node is told before it joins.

    All of it is in user-data: a change reaches a node when its generation is raised.
    """

    underlay_mtu: NotRequired[int]
    """What the path between the nodes carries, from 576 bytes to what the instance types carry;
    networks, ingress, docker_gwbridge and the control plane follow it. What the instance types
    carry inside a VPC when not given: 9001 bytes, or 1500 with some old ones. EC2: "Network maximum
    transmission unit (MTU) for your EC2 instance"."""
    docker_gwbridge: NotRequired[DockerGwbridgeArgs]
    """The bridge between a node's overlay networks and its host. One in a free range when not
    given. Docker: "Customize the docker_gwbridge"."""
    bip: NotRequired[str]
    """Address and prefix length of docker0, the default bridge, /26 or larger. 172.17.0.1/16 when
    not given, or another when that is taken. Docker: dockerd --bip."""
    default_address_pools: NotRequired[list[AddressPoolArgs]]
    """Ranges that networks of a single host are taken from. Docker's own when not given, without
    those that are taken. Docker: dockerd --default-address-pool."""
    network_control_plane_mtu: NotRequired[int]
    """MTU of the gossip between nodes, from 576 bytes to underlayMtu. underlayMtu when not given.
    Docker: dockerd --network-control-plane-mtu."""
    daemon_log_driver: NotRequired[LogDriverArgs]
    """Where containers log to unless told otherwise. A server for them needs a rule of yours in the
    two security groups, unless its port is 443 or 80. Docker's json-file without a limit when not
    given. Docker: dockerd --log-driver."""
    registry_mirrors: NotRequired[list[str]]
    """Mirrors of Docker Hub, such as https://mirror.example.com. One at another port than 443 or 80
    needs a rule of yours in the two security groups; without, Docker goes to Docker Hub and says
    nothing. None when not given. Docker: dockerd --registry-mirror."""
    insecure_registries: NotRequired[list[str]]
    """Registries that may be spoken to without TLS, as host:port or range. Another port than 443 or
    80 needs a rule of yours in the two security groups. None when not given. Docker: dockerd
    --insecure-registry."""
    metrics_addr: NotRequired[str]
    """Address and port where daemons serve metrics, such as 0.0.0.0:9323, not one of the swarm's
    ports; open the port in the security groups. None when not given. Docker: dockerd
    --metrics-addr."""
    daemon_options: NotRequired[str]
    """Further options of dockerd, as a JSON object in the words of daemon.json. None when not
    given. Docker: "Daemon configuration file" of the dockerd reference."""
    listen_addr: NotRequired[str]
    """Where managers listen: 0.0.0.0 or the name of an interface; the port is 2377. 0.0.0.0 when
    not given. Docker: docker swarm init --listen-addr."""
    data_path_addr: NotRequired[str]
    """The interface whose address overlay traffic goes to, such as eth1. It must be the way to the
    same interface of all other nodes, since packets from another address are dropped (moby#53004).
    Not with encrypted networks, and it does not limit who may send (moby#33938). The advertised
    address when not given. Docker: docker swarm init --data-path-addr."""
    user_data_parts: NotRequired[list[UserDataPartArgs]]
    """Parts added to every node's user-data; all of it together is at most 16 KB. None
    when not given. EC2: UserData."""


class SpecArgs(TypedDict):
    """What can change while the swarm lives."""

    autolock: NotRequired[bool]
    """Whether managers need a key after a restart. The key is kept in Secrets Manager, where they
    find it. false when not given. Docker: docker swarm init --autolock."""
    cert_expiry_hours: NotRequired[int]
    """How long nodes' certificates live, 1 to 87600 hours; not with caCert, whose authority has a
    say of its own. 2160 when not given. Docker: docker swarm update --cert-expiry."""
    task_history_limit: NotRequired[int]
    """How many old tasks are kept for each slot, 0 to 1000. 5 when not given. Docker: docker swarm
    update --task-history-limit."""
    dispatcher_heartbeat_seconds: NotRequired[int]
    """How often nodes report, 1 to 60 seconds. 5 when not given. Docker: docker swarm update
    --dispatcher-heartbeat."""
    snapshot_interval: NotRequired[int]
    """Raft entries between snapshots, 100 to 1000000. 1000 when not given. New managers take in
    those since the last, slowly: Docker's own 10000 take them minutes. Docker: docker swarm update
    --snapshot-interval."""
    max_snapshots: NotRequired[int]
    """Old raft snapshots to keep, 0 to 100. 0 when not given. Docker: docker swarm update
    --max-snapshots."""
    external_cas: NotRequired[list[ExternalCaArgs]]
    """Authorities outside the swarm that can sign nodes' certificates, for the root certificate
    that is theirs. None when not given. Docker: docker swarm update --external-ca."""
    ca_cert: NotRequired[str]
    """The root certificate that the swarm is to have, in PEM, when its key is with one of
    external_cas, which every manager must reach; the swarm rotates to it. The swarm's own when not
    given. Docker: docker swarm ca --ca-cert."""
    worker_token_rotation: NotRequired[int]
    """A counter, 0 to 1000000; raising it makes a new join token for workers. 0 when not given.
    Docker: docker swarm join-token --rotate."""
    manager_token_rotation: NotRequired[int]
    """A counter, 0 to 1000000; raising it makes a new join token for managers. 0 when not given.
    Docker: docker swarm join-token --rotate."""
    ca_rotation: NotRequired[int]
    """A counter, 0 to 1000000; raising it makes a new certificate authority, new certificates and
    new tokens. 0 when not given. Docker: docker swarm ca --rotate."""


class SwarmArgs(TypedDict):
    """What is said once, when the swarm is made."""

    vpc_cidr: NotRequired[str]
    """The VPC's range, from /16 to /25, or to /28 with vpcId. 10.0.0.0/16 when not given. Amazon
    VPC: "VPC CIDR blocks"."""
    avoid_cidrs: NotRequired[list[str]]
    """Ranges of peers and VPNs, and further ones of a VPC that exists, that nothing here may
    overlap. None when not given."""
    default_addr_pool: NotRequired[list[str]]
    """Private ranges that networks without a subnet are taken from. A free /14 is chosen when not
    given. Docker: docker swarm init --default-addr-pool."""
    subnet_size: NotRequired[int]
    """Prefix length of each network taken from the pool, 8 to 29. 24 when not given. Docker: docker
    swarm init --default-addr-pool-mask-length."""
    data_path_port: NotRequired[int]
    """The UDP port of overlay traffic, 1024 to 49151, not 7946. 4789 when not given. Docker: docker
    swarm init --data-path-port."""
    ingress: NotRequired[IngressArgs]
    """The network that published ports come in by; made with the swarm. One in a free range when
    not given. Docker: "Customize ingress"."""
    ssh_authorized_keys: list[str]
    """Public keys that may speak to Docker on the managers, and do nothing else there. OpenSSH:
    AUTHORIZED_KEYS FILE FORMAT of sshd(8)."""
