"""Five machines to a five-node swarm with three networks: ours, and Ansible."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import docker

from lab.settings import ADMIN_ADDRESS
from tests.lab.cloud import LocalCloud, Stack, eventually, run

from . import others
from .table import Row, Table, stopwatch

AIM = 0.5
NODES = 5
MANAGERS = 3
# What the modules of community.docker need on the machines, which have no way to a package index.
PACKAGES = ("docker", "requests", "urllib3", "idna", "certifi", "charset_normalizer")
IS_UP = ("systemctl", "is-active", "--quiet", "ssh", "docker", "cloud-final")
ALL_TRAFFIC = {"IpProtocol": "-1", "FromPort": -1, "ToPort": -1}
PLAYBOOK = """
- hosts: first
  tasks:
    - community.docker.docker_swarm:
        state: present
        advertise_addr: "{{ address }}"
      register: swarm
- hosts: managers:!first
  serial: 1
  tasks:
    - community.docker.docker_swarm:
        state: join
        advertise_addr: "{{ address }}"
        join_token: "{{ hostvars[groups.first[0]].swarm.swarm_facts.JoinTokens.Manager }}"
        remote_addrs: ["{{ hostvars[groups.first[0]].address }}:2377"]
- hosts: workers
  tasks:
    - community.docker.docker_swarm:
        state: join
        advertise_addr: "{{ address }}"
        join_token: "{{ hostvars[groups.first[0]].swarm.swarm_facts.JoinTokens.Worker }}"
        remote_addrs: ["{{ hostvars[groups.first[0]].address }}:2377"]
- hosts: first
  tasks:
    - community.docker.docker_network:
        name: "{{ item.name }}"
        driver: overlay
        attachable: "{{ item.attachable }}"
        driver_options: "{{ item.options }}"
      loop:
        - {name: app, attachable: false, options: {}}
        - {name: shared, attachable: true, options: {}}
        - {name: secure, attachable: true, options: {encrypted: ""}}
"""
CONFIGURATION = """
[defaults]
host_key_checking = False
forks = 10
gathering = explicit
[ssh_connection]
pipelining = True
"""


def ours(stack: Stack) -> float:
    """One `pulumi up` from nothing: VPC, rules, roles, secrets, machines, swarm, networks."""
    with stopwatch() as seconds:
        stack.up()
    return seconds()


def measure(table: Table, cloud: LocalCloud, folder: Path, own_seconds: float) -> None:
    """Ansible on machines of the same cloud, which it is given already booted and reachable."""
    with _machines(cloud) as (seconds_to_boot, inventory):
        (folder / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
        (folder / "playbook.yaml").write_text(PLAYBOOK, encoding="utf-8")
        (folder / "ansible.cfg").write_text(CONFIGURATION, encoding="utf-8")
        play = (str(others.ansible() / "ansible-playbook"), "-i", "inventory.json", "playbook.yaml")
        with stopwatch() as seconds:
            run(play, folder, {**cloud.environment, "ANSIBLE_CONFIG": "ansible.cfg"}, seconds=600)
        ids = cloud.on("bench-0", "docker", "node", "ls", "--quiet").split()
        if len(ids) != NODES:
            raise RuntimeError(f"Ansible made a swarm of {len(ids)} nodes")
    table.add(
        Row(
            work="five nodes with three networks, from no machine",
            ours=own_seconds,
            against="Ansible, its machines' boot counted, their VPC, rules and roles not",
            theirs=seconds_to_boot + seconds(),
            at_most=AIM,
        )
    )


@contextmanager
def _machines(cloud: LocalCloud) -> Iterator[tuple[float, Mapping[str, Any]]]:
    ec2 = cloud.aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.40.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="bench", Description="bench", VpcId=vpc)["GroupId"]
    admin = {**ALL_TRAFFIC, "IpRanges": [{"CidrIp": f"{ADMIN_ADDRESS}/32"}]}
    among = {**ALL_TRAFFIC, "UserIdGroupPairs": [{"GroupId": group}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[admin, among])
    key = cloud.config.identity.with_suffix(".pub").read_text(encoding="utf-8").strip()
    names = [f"bench-{i}" for i in range(NODES)]
    with stopwatch() as seconds:
        made = [
            cloud.launch(
                name,
                subnet,
                SecurityGroupIds=[group],
                UserData=f"#cloud-config\ndisable_root: false\nssh_authorized_keys: ['{key}']\n",
                MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            )["InstanceId"]
            for name in names
        ]
        for name in names:
            eventually(partial(cloud.succeeds, name, *IS_UP), 120, f"{name} is up")
    for name in names:
        _copy_packages(cloud, name)
    try:
        yield seconds(), _inventory(cloud, names)
    finally:
        ec2.terminate_instances(InstanceIds=made)


def _copy_packages(cloud: LocalCloud, name: str) -> None:
    source = Path(docker.__file__).parent.parent
    target = Path(f"/proc/{cloud.hosts()[name]['pid']}/root/usr/lib/python3/dist-packages")
    for package in PACKAGES:
        if not (target / package).exists():
            shutil.copytree(source / package, target / package)


def _inventory(cloud: LocalCloud, names: list[str]) -> Mapping[str, Any]:
    hosts = cloud.hosts()
    through = f"nsenter --net=/run/netns/{cloud.config.fabric} nc %h %p"
    common = {
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_private_key_file": str(cloud.config.identity),
        "ansible_ssh_common_args": f"-o ProxyCommand='{through}' -o UserKnownHostsFile=/dev/null",
    }
    described = {
        n: {**common, "ansible_host": hosts[n]["address"], "address": hosts[n]["address"]}
        for n in names
    }
    groups = {"first": names[:1], "managers": names[:MANAGERS], "workers": names[MANAGERS:]}
    children = {g: {"hosts": {n: described[n] for n in members}} for g, members in groups.items()}
    return {"all": {"children": children}}
