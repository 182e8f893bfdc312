"""What components construct, recorded without an engine, in both ways they can be used."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pulumi
import pytest
from pulumi.runtime import mocks, rpc

from pulumi_swarm import SwarmCluster, SwarmClusterArgs
from pulumi_swarm.components import COMPONENTS, SwarmComponents
from pulumi_swarm.plan.reader import camel

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"

COMPONENT_TYPES = {f"swarm:index:{component.__name__}" for component in COMPONENTS}


@dataclass(frozen=True)
class Made:
    """One resource as it was registered."""

    kind: str
    name: str
    inputs: dict[str, Any]


class Recorder(mocks.Mocks):
    """Answers like AWS for the outputs that components read, and records everything."""

    def __init__(self) -> None:
        self.made: list[Made] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.made.append(Made(args.typ, args.name, dict(args.inputs)))
        host = zlib.crc32(args.name.encode()) % 250  # the same whatever else was made before
        outputs = {
            "aws:ec2/networkInterface:NetworkInterface": {"privateIp": f"10.0.0.{host}"},
            "aws:ec2/instance:Instance": {"privateIp": f"10.0.1.{host}"},
            "aws:ec2/eip:Eip": {"publicIp": f"192.0.2.{host}"},
            "aws:secretsmanager/secret:Secret": {"arn": f"{ARN}:{args.name}"},
            "aws:iam/role:Role": {"name": args.name},
            "aws:iam/instanceProfile:InstanceProfile": {"name": args.name},
            "swarm:index:SshHostKey": {"publicKey": "ssh-ed25519 AAAA", "privateKey": "private"},
            "swarm:index:SwarmSpec": {"unlockKey": f"key-of-{args.name}"},
            "swarm:index:Node": {"nodeId": f"node-{args.name}"},
        }
        return f"{args.name}-id", {**args.inputs, **outputs.get(args.typ, {})}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        match args.token:
            case "aws:index/getAvailabilityZones:getAvailabilityZones":
                return {"names": ["a", "b", "c"]}, []
            case "aws:index/getRegion:getRegion":
                return {"region": "eu-central-1"}, []
            case "aws:ec2/getAmi:getAmi":
                return {"rootDeviceName": "/dev/sda1"}, []
            case "aws:ssm/getParameter:getParameter":
                return {"insecureValue": "ami-1", "value": "ami-1"}, []
            case token:
                raise AssertionError(f"unexpected call of {token}")

    def of(self, kind: str) -> list[Made]:
        return [made for made in self.made if made.kind == kind]


def run(program: Callable[[], object]) -> None:
    """Run a program to its end, with all that it left running."""
    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]  # Pulumi's own has no types


def build(how: str, args: Mapping[str, Any], name: str = "swarm") -> None:
    """Construct a cluster in a program of its own, or as another language would."""

    def program() -> None:
        if how == "import":
            SwarmCluster(name, cast("SwarmClusterArgs", args))
        else:
            provider = SwarmComponents()
            wire = as_on_the_wire(args)
            provider.construct(name, "swarm:index:SwarmCluster", wire, None)

    run(program)


FREE_KEYS = {
    *("options", "labels", "managerLabels", "workerLabels", "nodeLabels", "nodeAdvertiseAddrs"),
    *("driverOptions", "tags", "extraPolicyArns"),
}


def as_on_the_wire(value: Any) -> Any:
    """As another language sends it: every number a float, every input in camelCase."""
    if isinstance(value, list):
        return [as_on_the_wire(item) for item in value]
    if isinstance(value, dict):
        named = {camel(key): item for key, item in value.items()}
        return {k: v if k in FREE_KEYS else as_on_the_wire(v) for k, v in named.items()}
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    return float(value)


def secret_of(value: Any) -> str:
    """The text of an input that was registered as a secret."""
    assert set(value) == {rpc._special_sig_key, "value"}
    return str(value["value"])


BOTH = pytest.mark.parametrize("how", ["import", "package"])
