"""One overlay network."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_docker as docker

from .args import raise_for, settle
from .plan.overlay import read_overlay
from .plan.problems import Problems


class OverlayNetworkArgs(TypedDict):
    """Args of OverlayNetwork."""

    name: str
    """The network's name in Docker."""
    attachable: NotRequired[bool]
    """Whether standalone containers may join, not services alone. false when not given."""
    internal: NotRequired[bool]
    """Whether containers on it are kept from the outside. false when not given."""
    encrypted: NotRequired[bool]
    """Whether its traffic between nodes goes by IPsec; costs most of the throughput.
    false when not given."""
    subnet: NotRequired[str]
    """Its range, /28 or larger. Swarm takes one from its pool when not given."""
    gateway: NotRequired[str]
    """The gateway's address. The subnet's first host when not given."""
    mtu: NotRequired[int]
    """MTU of the path below the overlay, in bytes; containers get 50 less, and at least 26
    less again when encrypted. Docker's 1500 when not given."""
    labels: NotRequired[dict[str, str]]
    """Labels of the network."""


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
        problems = Problems()
        plan = read_overlay(settle(args, (), problems), problems)
        raise_for(problems, "OverlayNetwork")
        super().__init__("swarm:index:OverlayNetwork", name, dict(args), opts)
        subnet = None if plan.subnet is None else str(plan.subnet)
        self.network = docker.Network(
            name,
            docker.NetworkArgs(
                name=plan.name,
                driver="overlay",
                attachable=plan.attachable,
                internal=plan.internal,
                options=plan.options or None,
                ipam_configs=(
                    None
                    if subnet is None
                    else [docker.NetworkIpamConfigArgs(subnet=subnet, gateway=str(plan.gateway))]
                ),
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
