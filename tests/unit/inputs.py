"""Args that are good as they stand, for tests to spoil one by one."""

from typing import Any

from pulumi_swarm import SwarmClusterArgs
from pulumi_swarm.plan.cluster import ClusterPlan, read_cluster
from pulumi_swarm.plan.problems import Problem, Problems

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdjt/z6VSUNlERTdxH0jiVI0PYAnmn32ukS3nfv/Yap me@here"
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

GOOD: dict[str, Any] = {
    "manager_count": 3,
    "worker_count": 2,
    "vpc_cidr": "10.20.0.0/16",
    "access": "private",
    "admin_cidrs": ["203.0.113.10/32"],
    "ssh_authorized_keys": [KEY],
    "networks": [
        {"name": "app"},
        {"name": "secure", "encrypted": True, "subnet": "10.210.0.0/24", "mtu": 1400},
    ],
}


def read(**changes: Any) -> tuple[ClusterPlan, list[Problem]]:
    """The plan of the good args with changes; None takes an input away."""
    problems = Problems()
    values = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    plan = read_cluster(values, tuple(SwarmClusterArgs.__annotations__), problems)
    return plan, problems.found


# Every word there is, in the spelling of Python programs: in three sets, since some exclude others.
EVERYTHING: dict[str, Any] = {
    **GOOD,
    "data_path_port": 7789,
    "engine_version": "29.1",
    "listen_addr": "eth0",
    "data_path_addr": "eth1",
    "node_advertise_addrs": {"manager-1": "10.20.77.1", "worker-0": "10.20.77.2"},
    "ingress": {"subnet": "10.99.0.0/24", "gateway": "10.99.0.9", "mtu": 1500},
    "underlay_mtu": 8500,
    "docker_gwbridge": {"subnet": "192.168.8.0/22", "mtu": 1500, "icc": True},
    "bip": "192.168.12.1/24",
    "default_address_pools": [{"base": "192.168.64.0/18", "size": 24}],
    "network_control_plane_mtu": 1450,
    "daemon_log_driver": {"name": "local", "options": {"max-size": "10m"}},
    "registry_mirrors": ["https://mirror.example.com"],
    "insecure_registries": ["registry.internal:5000", "10.20.0.0/16"],
    "metrics_addr": "0.0.0.0:9323",
    "daemon_options": '{"max-concurrent-downloads": 5}',
    "user_data_parts": [{"content": "#!/bin/sh\ntouch /var/tmp/mine\n"}],
    "extra_policy_arns": {"images": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"},
    "worker_spot": True,
    "autolock": True,
    "cert_expiry_hours": 720,
    "task_history_limit": 2,
    "dispatcher_heartbeat_seconds": 10,
    "snapshot_interval": 5000,
    "max_snapshots": 3,
    "worker_token_rotation": 1,
    "manager_token_rotation": 2,
    "ca_rotation": 3,
    "access": "bastion",
    "ssh_bastion": {"host": "bastion.example.com", "user": "ec2-user", "host_key": KEY},
    "networks": [
        {
            "name": "app",
            "attachable": True,
            "subnets": [
                {"subnet": "10.210.0.0/24", "ip_range": "10.210.0.128/25"},
                {"subnet": "10.211.0.0/24", "gateway": "10.211.0.9"},
            ],
            "mtu": 1400,
            "labels": {"team": "web"},
            "driver_options": {"dsr": ""},
            "planned_services": 2,
            "planned_tasks": 20,
        }
    ],
}

IN_A_GIVEN_VPC: dict[str, Any] = {
    **GOOD,
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "manager_security_group_id": "sg-m",
    "worker_security_group_id": "sg-w",
    "allow_encrypted_networks": True,
    "ami": "ami-1",
    "operating_system": "ubuntu-24.04",
    "avoid_cidrs": ["172.20.0.0/16"],
    "boot_timeout_seconds": 400,
    "reap_after_seconds": 600,
    "root_volume_size_gib": 40,
    "default_addr_pool": ["10.64.0.0/12"],
    "subnet_size": 25,
    "external_cas": [{"url": "https://ca.example.com/sign", "ca_cert": PEM}],
    "ca_cert": PEM,
    "manager_availability": "drain",
    "manager_generation": 2,
    "manager_instance_type": "m7i.large",
    "manager_labels": {"of": "managers"},
    "worker_availability": "pause",
    "worker_generation": 3,
    "worker_instance_type": "m7i.xlarge",
    "worker_labels": {"Of_The": "workers"},
    "worker_parallelism": 2,
    "node_generations": {"worker-1": 4},
    "node_labels": {"worker-0": {"disk.Kind": "fast"}},
    "probe_networks": ["app"],
    "probe_image": "registry.example.com/busybox:1",
    "ssh_identity_file": "/home/me/.ssh/id_ed25519",
    "ssh_proxy_command": "nsenter --net=/run/netns/x",
    "tags": {"Team_Name": "web", "costCenter": "7"},
}

IN_CHOSEN_ZONES: dict[str, Any] = {
    **GOOD,
    "availability_zones": ["eu-central-1a", "eu-central-1b"],
    "nat": "per-zone",
}

POOLS = {
    "worker_pools": [
        {"name": "web", "min_size": 1, "max_size": 4, "instance_types": ["m7i.large", "m7a.large"]},
        {"name": "batch", "max_size": 9, "on_demand_percentage_above_base_capacity": 0},
    ]
}
