"""Machines of one swarm, booted without Pulumi, so that each can be broken at any moment."""

import itertools
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lab.faults import Fault, ask_for
from pulumi_swarm.bootstrap import render
from pulumi_swarm.node_settings import node_settings
from pulumi_swarm.plan.cluster import ClusterPlan
from pulumi_swarm.provider.host_key import generate
from pulumi_swarm.provider.membership import arrived, member, phantoms
from tests.lab.cloud import AMI, LocalCloud, boothook, eventually
from tests.lab.leaks import SECRET
from tests.unit.inputs import read

ASSUME_ROLE = json.dumps({"Version": "2012-10-17", "Statement": []})
GIVE_UP_SECONDS = 20  # less than users may ask for, so that the second try comes soon
SETTLED_SECONDS = 150  # a boot that failed once is tried again by systemd after 30 s
_numbers = itertools.count()


@dataclass(frozen=True)
class Site:
    """What all swarms of the tests share: a subnet, a security group and a role."""

    cloud: LocalCloud
    subnet: str
    group: str


def make_site(cloud: LocalCloud) -> Site:
    ec2, iam = cloud.aws("ec2"), cloud.aws("iam")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.0.0/20")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[among_themselves(group)])
    iam.create_role(RoleName="node", AssumeRolePolicyDocument=ASSUME_ROLE)
    iam.create_instance_profile(InstanceProfileName="node")
    iam.add_role_to_instance_profile(InstanceProfileName="node", RoleName="node")
    return Site(cloud=cloud, subnet=subnet, group=group)


def among_themselves(group: str, **ports: Any) -> dict[str, Any]:
    return {"IpProtocol": "-1", **ports, "UserIdGroupPairs": [{"GroupId": group}]}


@dataclass
class Machines:
    """One swarm: its secrets, the lasting interfaces of its managers, and its machines by key."""

    site: Site
    plan: ClusterPlan
    ids: dict[str, str]
    name: str
    interfaces: dict[str, dict[str, Any]]
    instances: dict[str, str] = field(default_factory=dict)

    @property
    def cloud(self) -> LocalCloud:
        return self.site.cloud

    def host(self, key: str) -> str:
        return f"{self.name}-{key}"

    def boot(self, key: str, *, hook: str = "", engine_version: str = "") -> None:
        """Start a machine. ``hook`` is shell that runs before anything else on it."""
        plan = self.plan if not hook else _plan(self.plan, user_data_parts=boothook(hook))
        node = next(n for n in plan.nodes if n.key == key)
        settings = node_settings(self.host(key), node, plan.group(node.role), self.ids)
        settings = replace(
            settings, boot_timeout_seconds=GIVE_UP_SECONDS, engine_version=engine_version
        )
        where: dict[str, Any] = {}
        if key in self.interfaces:
            interface = self.interfaces[key]["NetworkInterfaceId"]
            where["NetworkInterfaces"] = [{"DeviceIndex": 0, "NetworkInterfaceId": interface}]
        else:
            where |= {"SubnetId": self.site.subnet, "SecurityGroupIds": [self.site.group]}
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": self.host(key)}]}]
        made = self.cloud.aws("ec2").run_instances(
            ImageId=AMI,
            MinCount=1,
            MaxCount=1,
            UserData=render(settings),
            MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            IamInstanceProfile={"Name": "node"},
            TagSpecifications=tags,
            **where,
        )
        self.instances[key] = made["Instances"][0]["InstanceId"]

    def terminate(self, *keys: str) -> None:
        """End machines as AWS does; they say no word to the swarm."""
        ids = [self.instances.pop(key) for key in keys]
        if not ids:
            return
        self.cloud.aws("ec2").terminate_instances(InstanceIds=ids)
        eventually(lambda: not set(ids) & self._by_instance().keys(), 30, f"{keys} are gone")

    def address(self, key: str) -> str:
        return str(self._by_instance()[self.instances[key]]["address"])

    def _by_instance(self) -> dict[str, dict[str, Any]]:
        """The hosts; two may share a name."""
        listed = json.loads(self.cloud.config.status_file.read_text(encoding="utf-8"))
        return {host["instance"]: host for host in listed}

    def on(self, key: str, *argv: str) -> str:
        """What a command prints on a machine; nothing when it fails or the machine is not up."""
        result = self.cloud.lab("exec", self.host(key), "--", *argv, check=False)
        return result.stdout.strip() if result.returncode == 0 else ""

    def is_configured(self, key: str) -> bool:
        return self.on(key, "cloud-init", "status") == "status: done"

    def state(self, key: str) -> str:
        return self.on(key, "docker", "info", "--format", "{{.Swarm.LocalNodeState}}")

    def listed(self, key: str = "manager-0") -> list[tuple[str, str, str]]:
        """(host name, state, manager status) of each node that a manager lists."""
        template = "{{.Hostname}},{{.Status}},{{.ManagerStatus}}"
        lines = self.on(key, "docker", "node", "ls", "--format", template).splitlines()
        return sorted((name, state, role) for name, state, role in (x.split(",") for x in lines))

    def forget_lives_before(self, key: str, by: str = "manager-0") -> None:
        """What Node does when a machine has arrived: take what it was before off the list."""
        ids = self.on(by, "docker", "node", "ls", "--quiet").split()
        members = [member(n) for n in json.loads(self.on(by, "docker", "node", "inspect", *ids))]
        role = key.partition("-")[0]
        found = arrived(members, self.address(key), role)
        assert found is not None, members
        for phantom in phantoms(members, found):
            self.on(by, "docker", "node", "rm", "--force", phantom.node_id)

    def node_ids(self, key: str = "manager-0") -> set[str]:
        """The nodes that a manager lists, by id."""
        return set(self.on(key, "docker", "node", "ls", "--quiet").split())

    def swarms(self) -> set[str]:
        """The swarms that the machines are in, by id. Workers are told none: managers list them."""
        template = "{{if .Swarm.Cluster}}{{.Swarm.Cluster.ID}}{{end}}"
        return {self.on(key, "docker", "info", "--format", template) for key in self.instances} - {
            ""
        }

    def settle(self, by: str = "manager-0", seconds: float = SETTLED_SECONDS) -> None:
        """Wait until every machine is Ready, in one swarm that knows nobody else."""
        wanted = sorted(self.host(key) for key in self.instances)

        def is_settled() -> bool:
            listed = self.listed(by)
            managers = [status for _, _, status in listed if status]
            return (
                [name for name, _, _ in listed] == wanted
                and all(state == "Ready" for _, state, _ in listed)
                and all(status in ("Leader", "Reachable") for status in managers)
                and len(managers) == sum(key.startswith("manager") for key in self.instances)
            )

        try:
            eventually(is_settled, seconds, "all are in one swarm")
        except AssertionError as error:
            last = {key: self.said(key).splitlines()[-3:] for key in self.instances}
            raise AssertionError(f"{error}; listed {self.listed(by)}; they said {last}") from error
        assert len(self.swarms()) == 1
        leaks = self.leaks()
        assert leaks == [], leaks

    def leaks(self) -> list[str]:
        """Where secrets are that should be nowhere: in all that its machines have said."""
        return [
            f"journal of {key}: {found[0][:20]}"
            for key in self.instances
            for found in SECRET.finditer(self.on(key, "journalctl", "--no-pager"))
        ]

    def said(self, key: str) -> str:
        """What the bootstrap of a machine has said."""
        return self.on(key, "journalctl", "-u", "swarm-bootstrap", "-o", "cat", "--no-pager")

    def has_said(self, key: str, text: str, seconds: float = 90) -> None:
        try:
            eventually(lambda: text in self.said(key), seconds, f"{key} says {text!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it said {self.said(key)}") from error

    def has_token(self, kind: str = "worker") -> bool:
        secrets = self.cloud.aws("secretsmanager")
        try:
            return bool(secrets.get_secret_value(SecretId=self.ids[kind])["SecretString"])
        except secrets.exceptions.ResourceNotFoundException:
            return False

    def swarm_folder(self, key: str) -> Path:
        """Where Docker keeps what it knows of its swarm, on the machine's disk."""
        return self.cloud.config.state / "hosts" / self.instances[key] / "docker/swarm"

    def cut_power(self, key: str) -> None:
        """End a machine's every process at once; its disk stays, and it starts again."""
        host = self.cloud.hosts()[self.host(key)]
        os.kill(host["pid"], signal.SIGKILL)
        instance = [self.instances[key]]
        self.cloud.aws("ec2").stop_instances(InstanceIds=instance)

        def is_off() -> bool:
            host = self.cloud.hosts()[self.host(key)]
            # Its process may be gone before the cloud has heard of the stop, and of no start then.
            return host["state"] == "stopped" and host["pid"] is None

        eventually(is_off, 30, "it is off")
        self.cloud.aws("ec2").start_instances(InstanceIds=instance)

    @contextmanager
    def api(self, *faults: Fault) -> Iterator[None]:
        """Have calls of the API fail."""
        ask_for(self.cloud.config.state, faults)
        try:
            yield
        finally:
            ask_for(self.cloud.config.state, [])

    @contextmanager
    def closed(self, *protocols: dict[str, Any]) -> Iterator[None]:
        """Let nothing of the swarm pass between machines, or only these protocols and ports."""
        ec2, group = self.cloud.aws("ec2"), self.site.group
        everything = [among_themselves(group)]
        passing = [among_themselves(group, **ports) for ports in protocols]
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=everything)
        if passing:
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=passing)
        try:
            yield
        finally:
            if passing:
                ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=passing)
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=everything)


@contextmanager
def machines(site: Site, managers: int, workers: int = 0) -> Iterator[Machines]:
    """A swarm that has not begun: secrets without tokens, addresses, no machine."""
    secrets, ssm, ec2 = (site.cloud.aws(name) for name in ("secretsmanager", "ssm", "ec2"))
    name = f"f{next(_numbers)}"
    _, host_key = generate()
    kinds = ("worker", "manager", "host_key", "unlock_key")
    ids = {kind: secrets.create_secret(Name=f"{name}-{kind}")["ARN"] for kind in kinds}
    secrets.put_secret_value(SecretId=ids["host_key"], SecretString=host_key)
    interfaces = {
        f"manager-{i}": ec2.create_network_interface(SubnetId=site.subnet, Groups=[site.group])[
            "NetworkInterface"
        ]
        for i in range(managers)
    }
    ids["parameter"] = f"/{name}/managers"
    addresses = ",".join(i["PrivateIpAddress"] for i in interfaces.values())
    ssm.put_parameter(Name=ids["parameter"], Type="String", Value=addresses)
    plan, problems = read(manager_count=managers, worker_count=workers, boot_timeout_seconds=60)
    assert problems == []
    made = Machines(site=site, plan=plan, ids=ids, name=name, interfaces=interfaces)
    ask_for(site.cloud.config.state, [])
    try:
        yield made
    finally:
        made.terminate(*made.instances)


def _plan(plan: ClusterPlan, **changes: Any) -> ClusterPlan:
    managers = sum(node.role == "manager" for node in plan.nodes)
    found, problems = read(
        manager_count=managers,
        worker_count=len(plan.nodes) - managers,
        boot_timeout_seconds=60,
        **changes,
    )
    assert problems == []
    return found
