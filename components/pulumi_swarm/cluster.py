"""A whole swarm from one set of args."""

from collections.abc import Iterable, Mapping
from typing import cast

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker

from .args import only, raise_for, settle, spelled
from .autoscaled import AutoscaledWorkerPool, AutoscaledWorkerPoolArgs
from .cluster_args import SwarmClusterArgs
from .firewall import SwarmFirewall, SwarmFirewallArgs
from .join import SwarmJoin
from .managers import ManagerSet, ManagerSetArgs
from .network import OverlayNetwork
from .node_settings import check_launch
from .picture.declared import declared
from .picture.mermaid import render
from .plan.access import Access
from .plan.cluster import read_cluster
from .plan.connection import Connection, ssh_options
from .plan.parts import GIVEN_GROUPS
from .plan.ports import Role
from .plan.probe import CHECKS_OF_A_NETWORK, PROBE_TIMEOUT_SECONDS
from .plan.problems import Problems
from .resources import OverlayProbe, SwarmSettings, SwarmSpec
from .vpc import SwarmVpc
from .workers import WorkerPool, WorkerPoolArgs

# Inputs that only flow through to resources, so they may be outputs.
FLOWING = ("ami", "vpc_id", "subnet_ids", "extra_policy_arns", *GIVEN_GROUPS)


class SwarmCluster(pulumi.ComponentResource):
    """A Docker Swarm on AWS with its overlay networks."""

    docker_host: pulumi.Output[str]
    """What a Docker provider takes as ``host`` to reach any live manager."""
    docker_ssh_opts: pulumi.Output[list[str]]
    """What a Docker provider takes as ``ssh_opts``; pins the managers' host key."""
    vpc_id: pulumi.Output[str]
    """The VPC."""
    manager_addresses: pulumi.Output[list[str]]
    """The managers' addresses inside the VPC."""
    worker_addresses: pulumi.Output[list[str]]
    """The workers' addresses inside the VPC."""
    manager_security_group_id: pulumi.Output[str]
    """The managers' security group; add rules for what services publish."""
    worker_security_group_id: pulumi.Output[str]
    """The workers' security group; add rules for what services publish."""
    autoscaling_groups: pulumi.Output[dict[str, str]]
    """The auto-scaling groups of the pools, by pool; scaling policies name them."""
    network_ids: pulumi.Output[dict[str, str]]
    """The networks' ids by name."""
    node_ids: pulumi.Output[dict[str, str]]
    """The nodes' ids in Docker, by key."""
    topology: pulumi.Output[str]
    """A picture of what is declared, as a Mermaid flowchart: zones, nodes, networks, openings."""

    def __init__(
        self, name: str, args: SwarmClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = spelled(args, SwarmClusterArgs.__annotations__)
        problems = Problems()
        values = settle(args, FLOWING, problems)
        plan = read_cluster(values, tuple(SwarmClusterArgs.__annotations__), problems)
        for role in Role:
            check_launch(plan.group(role), name, problems)
        raise_for(problems, "SwarmCluster")
        super().__init__("swarm:index:SwarmCluster", name, dict(args), opts)
        self._name = name
        self._args = args
        self._plan = plan
        self._child = pulumi.ResourceOptions(parent=self)
        self._settings = SwarmSettings(name, plan.settings, self._child)
        subnet_ids = self._place()
        self._firewall = self._make_firewall()
        self._join = self._make_join()
        self.managers = self._make_managers(subnet_ids)
        self._make_spec()
        self.workers = self._make_workers(subnet_ids)
        self.pools = {p.name: self._make_pool(i, subnet_ids) for i, p in enumerate(plan.pools)}
        self.docker_provider = self._make_provider()
        self.networks = {n.name: self._make_network(i) for i, n in enumerate(plan.networks)}
        self._probe()
        self._set_outputs()

    def _place(self) -> list[pulumi.Input[str]]:
        """The subnets for the machines: those given, or those of a VPC of its own."""
        plan = self._plan.vpc
        if plan.vpc_id is not None:
            self.vpc_id = pulumi.Output.from_input(self._args["vpc_id"])
            return list(self._args["subnet_ids"])
        vpc = SwarmVpc(
            self._name,
            {
                "vpc_cidr": str(plan.cidr),
                "availability_zones": list(plan.zones),
                "access": self._plan.access.access.value,
                "nat": plan.nat.value,
                "tags": dict(self._plan.tags),
            },
            self._child,
        )
        self.vpc_id = vpc.vpc_id
        # Each is known when its routes are there: machines boot with a way out.
        return list(vpc.machine_subnet_ids)

    def _make_firewall(self) -> SwarmFirewall:
        plan = self._plan
        flowing = {"vpc_id": self.vpc_id, **only(self._args, GIVEN_GROUPS)}
        wired = {
            # No rule moves before the settings were found unchanged.
            **{
                name: pulumi.Output.all(value, self._settings.id).apply(lambda known: str(known[0]))
                for name, value in flowing.items()
            },
            "data_path_port": plan.swarm.data_path_port,
            "encrypted": plan.encrypted,
            "admin_cidrs": [str(cidr) for cidr in plan.access.admin_cidrs],
            "tags": dict(plan.tags),
        }
        return SwarmFirewall(self._name, cast("SwarmFirewallArgs", wired), self._child)

    def _make_join(self) -> SwarmJoin:
        plan = self._plan
        return SwarmJoin(
            self._name,
            {
                "session_manager": plan.access.access is Access.SSM,
                "autoscaled": bool(plan.pools),
                "extra_policy_arns": self._args.get("extra_policy_arns") or {},
                "tags": dict(plan.tags),
            },
            self._child,
        )

    def _make_spec(self) -> None:
        """The swarm's own settings; the key it may hand out goes where managers look for it."""
        spec = SwarmSpec(
            self._name,
            self._plan.specification,
            self.managers.connection,
            pulumi.ResourceOptions(
                parent=self, depends_on=[made.node for made in self.managers.launched]
            ),
        )
        if self._plan.spec.autolock:
            aws.secretsmanager.SecretVersion(
                f"{self._name}-unlock-key",
                secret_id=self._join.unlock_key_secret.id,
                secret_string=spec.unlock_key,
                opts=self._child,
            )

    def _shared(self, names: Iterable[str], role: Role) -> dict[str, object]:
        """The args that the nodes of a role take too.

        What the plan chose for want of a value is passed on as if it had been
        given, and of what is said of single nodes, that which is about these.
        """
        shared = only(self._args, names) | self._plan.chosen
        for name in ("node_labels", "node_generations", "node_advertise_addrs"):
            about = shared.get(name)
            if isinstance(about, Mapping):
                shared[name] = {k: v for k, v in about.items() if k.startswith(f"{role}-")}
        return only(shared, names)

    def _make_managers(self, subnet_ids: list[pulumi.Input[str]]) -> ManagerSet:
        wired = {
            **self._shared(ManagerSetArgs.__annotations__, Role.MANAGER),
            "subnet_ids": subnet_ids,
            "security_group_id": self._firewall.manager_security_group_id,
            "instance_profile": self._join.manager_instance_profile,
            "worker_secret_id": self._join.worker_secret_id,
            "manager_secret_id": self._join.manager_secret_id,
            "host_key_secret_id": self._join.host_key_secret_id,
            "host_public_key": self._join.host_public_key,
            "unlock_key_secret_id": self._join.unlock_key_secret_id,
            "addresses_parameter": self._join.addresses_parameter,
        }
        return ManagerSet(
            self._name,
            cast("ManagerSetArgs", wired),
            self._child,
            lifetime=self._join.worker_secret,
        )

    def _worker_wiring(self, subnet_ids: list[pulumi.Input[str]]) -> dict[str, object]:
        """What every worker is tied to, whoever counts it."""
        return {
            "subnet_ids": subnet_ids,
            "security_group_id": self._firewall.worker_security_group_id,
            "instance_profile": self._join.worker_instance_profile,
            "worker_secret_id": self._join.worker_secret_id,
            "addresses_parameter": self._join.addresses_parameter,
        }

    def _make_workers(self, subnet_ids: list[pulumi.Input[str]]) -> WorkerPool:
        wired = {
            **self._shared(WorkerPoolArgs.__annotations__, Role.WORKER),
            **self._worker_wiring(subnet_ids),
            "manager_addresses": self.managers.reachable_addresses,
            "host_public_key": self._join.host_public_key,
        }
        return WorkerPool(
            self._name,
            cast("WorkerPoolArgs", wired),
            self._child,
            lifetime=self._join.worker_secret,
            managers=[self.managers.launched[0].node],
        )

    def _make_pool(self, index: int, subnet_ids: list[pulumi.Input[str]]) -> AutoscaledWorkerPool:
        pool = self._plan.pools[index]
        wired = {
            **self._shared(AutoscaledWorkerPoolArgs.__annotations__, Role.WORKER),
            **self._args["worker_pools"][index],
            **self._worker_wiring(subnet_ids),
        }
        return AutoscaledWorkerPool(
            f"{self._name}-{pool.name}",
            cast("AutoscaledWorkerPoolArgs", wired),
            self._child,
            after=[self.managers.launched[0].node, self._firewall],
        )

    def _make_provider(self) -> docker.Provider:
        """Known as soon as addresses are, so that a preview never loses sight of the networks."""
        connection = pulumi.Output.all(**self.managers.connection).apply(Connection.of)
        self.docker_host = connection.apply(lambda c: c.host)
        self.docker_ssh_opts = connection.apply(lambda c: ssh_options(c, shared=True))
        return docker.Provider(
            self._name, host=self.docker_host, ssh_opts=self.docker_ssh_opts, opts=self._child
        )

    def _make_network(self, index: int) -> OverlayNetwork:
        network = self._plan.networks[index]
        return OverlayNetwork(
            f"{self._name}-{network.name}",
            {**self._args["networks"][index], "mtu": cast("int", network.mtu)},
            pulumi.ResourceOptions(
                parent=self,
                providers=[self.docker_provider],
                depends_on=[made.node for made in self.managers.launched],
            ),
            lifetime=self._join.worker_secret,
        )

    def _probe(self) -> None:
        launched = [*self.managers.launched, *self.workers.launched]
        for name in self._plan.probes.networks:
            network = next(n for n in self._plan.networks if n.name == name)
            made = self.networks[name]
            OverlayProbe(
                f"{self._name}-{name}",
                {
                    "network": name,
                    "image": self._plan.probes.image,
                    "checks": [check.value for check in CHECKS_OF_A_NETWORK],
                    "encrypted": network.encrypted,
                    "dataPathPort": self._plan.swarm.data_path_port,
                    "timeoutSeconds": PROBE_TIMEOUT_SECONDS,
                    "triggers": [made.network_id, *(m.node.node_id for m in launched)],
                },
                self.managers.connection,
                pulumi.ResourceOptions(parent=self, depends_on=[made, *(m.node for m in launched)]),
            )

    def _set_outputs(self) -> None:
        self.manager_addresses = self.managers.private_addresses
        self.worker_addresses = self.workers.private_addresses
        self.manager_security_group_id = self._firewall.manager_security_group_id
        self.worker_security_group_id = self._firewall.worker_security_group_id
        self.autoscaling_groups = _by_name({n: p.group_name for n, p in self.pools.items()})
        self.network_ids = _by_name({n: made.network_id for n, made in self.networks.items()})
        launched = [*self.managers.launched, *self.workers.launched]
        self.node_ids = pulumi.Output.all(
            **{
                node.key: made.node.node_id
                for node, made in zip(self._plan.nodes, launched, strict=True)
            }
        )
        self.topology = pulumi.Output.from_input(render(declared(self._name, self._plan)))
        self.register_outputs(
            {
                "dockerHost": self.docker_host,
                "dockerSshOpts": self.docker_ssh_opts,
                "vpcId": self.vpc_id,
                "managerAddresses": self.manager_addresses,
                "workerAddresses": self.worker_addresses,
                "managerSecurityGroupId": self.manager_security_group_id,
                "workerSecurityGroupId": self.worker_security_group_id,
                "autoscalingGroups": self.autoscaling_groups,
                "networkIds": self.network_ids,
                "nodeIds": self.node_ids,
                "topology": self.topology,
            }
        )


def _by_name(values: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[dict[str, str]]:
    """One output of all; ``Output.all`` of nothing would be a list."""
    if not values:
        return pulumi.Output.from_input({})
    return pulumi.Output.all(**values)
