"""The package's custom resources, as Python programs see them; ``provider`` carries them out."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import cast

import pulumi

# pulumi-plugin.json is the one place that says the version; pyproject.toml reads it too.
PLUGIN_VERSION: str = json.loads(
    files(__package__).joinpath("pulumi-plugin.json").read_text(encoding="utf-8")
)["version"]


class _Resource(pulumi.CustomResource):
    """A resource that the package's own plugin manages."""

    def __init__(
        self,
        kind: str,
        name: str,
        inputs: Mapping[str, object],
        outputs: Sequence[str],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        # With the SDK's version, a stack can change between import and package and back.
        with_version = pulumi.ResourceOptions(version=PLUGIN_VERSION)
        super().__init__(
            f"swarm:index:{kind}",
            name,
            {**inputs, **dict.fromkeys(outputs)},
            pulumi.ResourceOptions.merge(with_version, opts),
        )

    def _text(self, name: str) -> pulumi.Output[str]:
        return cast("pulumi.Output[str]", pulumi.get(self, name))


class SshHostKey(_Resource):
    """An Ed25519 key pair that the managers of a cluster share as their ssh host key.

    Made once. The private half is a secret; it goes to the managers by AWS
    Secrets Manager, so clients can know the public half before a manager exists.
    """

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["privateKey"])
        super().__init__(
            "SshHostKey",
            name,
            {},
            ["publicKey", "privateKey"],
            pulumi.ResourceOptions.merge(secret, opts),
        )

    @property
    def public_key(self) -> pulumi.Output[str]:
        """The public half, in OpenSSH's one-line form."""
        return self._text("publicKey")

    @property
    def private_key(self) -> pulumi.Output[str]:
        """The private half, in OpenSSH's own format. Secret."""
        return self._text("privateKey")


class SwarmSettings(_Resource):
    """What is said once: when the swarm is made, or when a node joins it.

    Makes nothing. A change that a live swarm or a live node would not follow
    is refused at preview, with the way to do it: Docker would keep the old
    value while the firewall followed the new.
    """

    def __init__(
        self,
        name: str,
        inputs: Mapping[str, object],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """``inputs``: as ClusterPlan.settings has them."""
        super().__init__("SwarmSettings", name, inputs, [], opts)


class Rollout(_Resource):
    """The order in which the nodes of a role are replaced.

    Makes nothing. It compares the machines with those of the update before: the
    ones that are replaced go in turn, while new ones are all made at once.
    """

    def __init__(
        self, name: str, machines: Mapping[str, str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """``machines``: by node key, a text that differs when the machine is another one."""
        super().__init__("Rollout", name, {"machines": machines}, ["replaced"], opts)

    @property
    def replaced(self) -> pulumi.Output[list[str]]:
        """The keys of the nodes that have predecessors, in their order."""
        return cast("pulumi.Output[list[str]]", pulumi.get(self, "replaced"))


class SwarmSpec(_Resource):
    """What can change while the swarm lives: Docker's ``docker swarm update``, and rotations.

    update: in place. A raised counter rotates the token or the certificate
    authority once; a changed ingress is refused at preview, with the way to do
    it, and one that is gone is made again. read: what the swarm has now.
    delete: nothing.
    """

    def __init__(
        self,
        name: str,
        inputs: Mapping[str, object],
        connection: "Mapping[str, pulumi.Input[object]]",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """``inputs``: the plan's ``specification``."""
        secret = pulumi.ResourceOptions(additional_secret_outputs=["unlockKey"])
        super().__init__(
            "SwarmSpec",
            name,
            {**inputs, "connection": connection},
            ["unlockKey"],
            pulumi.ResourceOptions.merge(secret, opts),
        )

    @property
    def unlock_key(self) -> pulumi.Output[str]:
        """The key that opens the managers after a restart; empty without autolock. Secret."""
        return self._text("unlockKey")


class OverlayProbe(_Resource):
    """Proof that packets cross a network between all nodes that take tasks.

    create and update: short-lived containers on every node resolve the others'
    names, ping them, send a megabyte both ways and find the largest packet
    that passes; the likely cause is told when anything does not cross, and the
    update fails. delete: nothing.
    """

    def __init__(
        self,
        name: str,
        inputs: Mapping[str, object],
        connection: "Mapping[str, pulumi.Input[object]]",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """``inputs``: network, image, checks, encrypted, dataPathPort, timeoutSeconds, triggers."""
        super().__init__(
            "OverlayProbe", name, {**inputs, "connection": connection}, ["matrix"], opts
        )

    @property
    def matrix(self) -> pulumi.Output[dict[str, dict[str, dict[str, str]]]]:
        """The answers: from node, to node, check."""
        return cast(
            "pulumi.Output[dict[str, dict[str, dict[str, str]]]]", pulumi.get(self, "matrix")
        )


class Node(_Resource):
    """Membership of one machine in the swarm.

    create: waits until the machine with this address is Ready (and, for a
    manager, Reachable), then sets labels and availability. update: role,
    availability, labels, in place. delete: drains, demotes and removes the
    node, and refuses to break the quorum.
    """

    def __init__(  # noqa: PLR0913  # each is one input of the resource
        self,
        name: str,
        *,
        address: pulumi.Input[str],
        role: str,
        availability: str,
        labels: Mapping[str, str],
        instance_id: pulumi.Input[str],
        boot_timeout_seconds: int,
        connection: "Mapping[str, pulumi.Input[object]]",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "address": address,
            "role": role,
            "availability": availability,
            "labels": labels,
            "instanceId": instance_id,
            "bootTimeoutSeconds": boot_timeout_seconds,
            "connection": connection,
        }
        super().__init__("Node", name, inputs, ["nodeId"], opts)

    @property
    def node_id(self) -> pulumi.Output[str]:
        """The id that Docker gave the node when it joined."""
        return self._text("nodeId")
