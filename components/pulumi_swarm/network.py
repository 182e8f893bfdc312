"""One overlay network."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_docker as docker

from .args import raise_for, settle, spelled
from .nested_args import SubnetArgs
from .plan.overlay import read_overlay
from .plan.problems import Problems
from .plan.subnets import Subnet


class OverlayNetworkArgs(TypedDict):
    """Args of OverlayNetwork."""

    name: str
    """The network's name in Docker: at most 63 letters, digits, _ and -. Docker: docker network
    create."""
    attachable: NotRequired[bool]
    """Whether standalone containers may join, not services alone. false when not given. Docker:
    docker network create --attachable."""
    internal: NotRequired[bool]
    """Whether containers on it are kept from the outside; tasks of a service that publishes a port
    are not, since that gives them docker_gwbridge. false when not given. Docker: docker network
    create --internal."""
    encrypted: NotRequired[bool]
    """Whether its traffic between nodes goes by IPsec; costs most of the throughput. false when not
    given. Docker: docker network create --opt encrypted."""
    subnet: NotRequired[str]
    """Its range, /28 or larger. Swarm takes one from its pool when not given. Docker: docker
    network create --subnet. Left out later, the network keeps the range that it has."""
    gateway: NotRequired[str]
    """The gateway's address. The subnet's first host when not given. Docker: docker network create
    --gateway."""
    ip_range: NotRequired[str]
    """The part of the subnet that containers take addresses from. All of it when not given. Docker:
    docker network create --ip-range."""
    subnets: NotRequired[list[SubnetArgs]]
    """Several ranges, in place of subnet, gateway and ipRange. For containers and services with
    endpoint mode dnsrr: a virtual address may fall into another range than the tasks that ask for
    it, and is not found there (docker/for-linux#548). None when not given. Docker: docker network
    create --subnet, given more than once."""
    ipv6: NotRequired[bool]
    """Whether it carries IPv6. false when not given; no released engine can, so true is refused.
    Docker: docker network create --ipv6."""
    mtu: NotRequired[int]
    """MTU of the path below the overlay, 576 to 9216 bytes, at most the cluster's underlayMtu;
    containers get 50 less, and at least 26 less again when encrypted. The cluster's underlayMtu
    when not given (or auto, in a stack file), or Docker's 1500 for a network declared alone.
    Docker: com.docker.network.driver.mtu."""
    labels: NotRequired[dict[str, str]]
    """Labels of the network. None when not given. Docker: docker network create --label."""
    driver_options: NotRequired[dict[str, str]]
    """Further options of the overlay driver: dsr, direct server return;
    com.docker.network.advertise_addr_nmsgs and advertise_addr_ms. None when not given. Docker:
    docker network create --opt."""
    planned_services: NotRequired[int]
    """How many services will be on it, 0 to 65536; its subnet must have room. 1 when not given."""
    planned_tasks: NotRequired[int]
    """How many tasks and containers will be on it at once, 1 to 65536; its subnet must have room.
    As many as the cluster has nodes when not given."""


class OverlayNetwork(pulumi.ComponentResource):
    """A user-defined overlay network of the swarm, declared through the Docker provider.

    Quiet: a preview shows nothing that was not changed. Docker cannot change a
    network, so any change replaces it, and Docker refuses that while a
    service or container uses it.

    Give it the provider of the swarm's managers by ``opts.providers``.
    """

    network_id: pulumi.Output[str]
    """The network's id; give services this, not the name, or they show changes for ever (KD-9)."""
    network_name: pulumi.Output[str]
    """The network's name."""

    def __init__(
        self,
        name: str,
        args: OverlayNetworkArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        lifetime: pulumi.Resource | None = None,
    ) -> None:
        args = spelled(args, OverlayNetworkArgs.__annotations__)
        problems = Problems()
        plan = read_overlay(settle(args, (), problems), problems)
        raise_for(problems, "OverlayNetwork")
        super().__init__("swarm:index:OverlayNetwork", name, dict(args), opts)
        self.network = docker.Network(
            name,
            docker.NetworkArgs(
                name=plan.name,
                driver="overlay",
                attachable=plan.attachable,
                internal=plan.internal,
                options=plan.options or None,
                ipam_configs=[_ipam_config(subnet) for subnet in plan.subnets] or None,
                labels=[
                    docker.NetworkLabelArgs(label=key, value=value)
                    for key, value in sorted(plan.labels.items())
                ]
                or None,
            ),
            pulumi.ResourceOptions(
                parent=self,
                # Swarm adds the network's VXLAN id to its options, which the provider takes for
                # a change and would replace the network on every run (KD-2). The fingerprint of
                # what was declared stands in.
                ignore_changes=["options"],
                replacement_trigger=plan.options_fingerprint,
                # Docker refuses a second network of the same name, so the old one goes first.
                delete_before_replace=True,
                deleted_with=lifetime,
            ),
        )
        self.network_id = self.network.id
        self.network_name = self.network.name
        self.register_outputs({"networkId": self.network_id, "networkName": self.network_name})


def _ipam_config(subnet: Subnet) -> docker.NetworkIpamConfigArgs:
    return docker.NetworkIpamConfigArgs(
        subnet=str(subnet.network),
        gateway=str(subnet.gateway),
        ip_range=None if subnet.ip_range is None else str(subnet.ip_range),
    )
