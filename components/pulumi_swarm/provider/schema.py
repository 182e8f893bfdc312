"""The package's schema: what the components declare, and the resources beside them."""

import ast
import inspect
import json
import re
from itertools import pairwise
from types import ModuleType
from typing import Any

from pulumi.provider.experimental.component import ComponentProvider

from pulumi_swarm import shared_args
from pulumi_swarm.plan.reader import camel

TYPE_PREFIX = "swarm:index:"
# Its own name would be that of the args of the component OverlayNetwork.
RENAMED = {"OverlayNetworkArgs": "ClusterNetwork"}

STRING: dict[str, Any] = {"type": "string"}
INTEGER: dict[str, Any] = {"type": "integer"}
BOOLEAN: dict[str, Any] = {"type": "boolean"}
ANY: dict[str, Any] = {"$ref": "pulumi.json#/Any"}
STRING_MAP: dict[str, Any] = {"type": "object", "additionalProperties": STRING}


def _described(kind: dict[str, Any], description: str) -> dict[str, Any]:
    return {**kind, "description": description}


RESOURCES: dict[str, Any] = {
    "swarm:index:SshHostKey": {
        "description": "An Ed25519 key pair that the managers share as their ssh host key.",
        "properties": {
            "publicKey": _described(STRING, "The public half, in OpenSSH's one-line form."),
            "privateKey": {
                **_described(STRING, "The private half, in OpenSSH's own format."),
                "secret": True,
            },
        },
        "required": ["publicKey", "privateKey"],
    },
    "swarm:index:SwarmSettings": {
        "description": "What is said once, when the swarm is made; a change is refused at preview.",
        "inputProperties": {
            "defaultAddrPool": _described(
                {"type": "array", "items": STRING}, "Ranges that networks are taken from."
            ),
            "subnetSize": _described(INTEGER, "Prefix length of each network taken from them."),
            "dataPathPort": _described(INTEGER, "The UDP port of overlay traffic."),
            "dockerGwbridge": _described(ANY, "docker_gwbridge as Docker is asked for it."),
            "bip": _described(STRING, "Address and prefix length of docker0."),
            "pools": _described(ANY, "Generation of each pool, by name."),
            "nodes": _described(ANY, "Generation and advertised address of each node, by key."),
        },
        "requiredInputs": ["dataPathPort", "defaultAddrPool", "subnetSize"],
    },
    "swarm:index:Rollout": {
        "description": "The order in which workers are replaced; makes nothing.",
        "inputProperties": {
            "machines": _described(
                STRING_MAP, "By node key, a text that differs when the machine is another one."
            ),
        },
        "requiredInputs": ["machines"],
        "properties": {
            "replaced": _described(
                {"type": "array", "items": STRING},
                "The keys of the workers that have predecessors, in their order.",
            )
        },
        "required": ["replaced"],
    },
    "swarm:index:SwarmSpec": {
        "description": "What can change while the swarm lives, and rotations.",
        "inputProperties": {
            "autolock": _described(BOOLEAN, "Whether managers need a key after a restart."),
            "certExpiryHours": _described(INTEGER, "How long nodes' certificates live."),
            "taskHistoryLimit": _described(INTEGER, "Old tasks kept for each slot."),
            "dispatcherHeartbeatSeconds": _described(INTEGER, "How often nodes report."),
            "snapshotInterval": _described(INTEGER, "Raft entries between snapshots."),
            "maxSnapshots": _described(INTEGER, "Old raft snapshots to keep."),
            "ingress": _described(ANY, "ingress as Docker is asked for it."),
            "externalCas": _described(
                {"type": "array", "items": ANY}, "url and caCert of each external authority."
            ),
            "caCert": _described(STRING, "The root certificate whose key is with one of them."),
            "workerTokenRotation": _described(INTEGER, "A counter; raised, it rotates."),
            "managerTokenRotation": _described(INTEGER, "A counter; raised, it rotates."),
            "caRotation": _described(INTEGER, "A counter; raised, it rotates."),
            "connection": {
                "$ref": "#/types/swarm:index:NodeConnection",
                "description": "The way to the managers.",
            },
        },
        "requiredInputs": ["connection"],
        "properties": {
            "unlockKey": {
                **_described(STRING, "The key that opens the managers after a restart."),
                "secret": True,
            }
        },
        "required": ["unlockKey"],
    },
    "swarm:index:OverlayProbe": {
        "description": "Proof that packets cross a network between all nodes that take tasks.",
        "inputProperties": {
            "network": _described(STRING, "The overlay network's name."),
            "image": _described(STRING, "An image with busybox's sh, nc, nslookup and httpd."),
            "checks": _described(
                {"type": "array", "items": STRING}, "Of dns, icmp, tcp, mtu and published."
            ),
            "encrypted": _described(BOOLEAN, "Whether the network is encrypted; for the cause."),
            "dataPathPort": _described(INTEGER, "The UDP port of overlay traffic; for the cause."),
            "timeoutSeconds": _described(INTEGER, "How long containers may take to start and end."),
            "triggers": _described(
                {"type": "array", "items": ANY}, "Values whose change has it probed again."
            ),
            "connection": {
                "$ref": "#/types/swarm:index:NodeConnection",
                "description": "The way to the managers.",
            },
        },
        "requiredInputs": [
            "checks",
            "connection",
            "dataPathPort",
            "encrypted",
            "image",
            "network",
            "timeoutSeconds",
            "triggers",
        ],
        "properties": {
            "matrix": _described(ANY, "The answers: by node, then by the other node, each check.")
        },
        "required": ["matrix"],
    },
    "swarm:index:Node": {
        "description": "Membership of one machine in the swarm.",
        "inputProperties": {
            "address": _described(STRING, "The machine's address inside the VPC."),
            "role": _described(STRING, "manager or worker."),
            "availability": _described(STRING, "active, pause or drain."),
            "labels": _described(STRING_MAP, "Node labels; no others are kept."),
            "instanceId": _described(STRING, "The EC2 instance."),
            "bootTimeoutSeconds": _described(INTEGER, "How long the machine may take to join."),
            "connection": {
                "$ref": "#/types/swarm:index:NodeConnection",
                "description": "The way to the managers.",
            },
        },
        "requiredInputs": [
            "address",
            "availability",
            "bootTimeoutSeconds",
            "connection",
            "instanceId",
            "labels",
            "role",
        ],
        "properties": {"nodeId": _described(STRING, "The id that Docker gave the node.")},
        "required": ["nodeId"],
    },
}

TYPES: dict[str, Any] = {
    "swarm:index:NodeConnection": {
        "type": "object",
        "description": "The way from Pulumi to the managers.",
        "properties": {
            "managers": _described(
                {"type": "array", "items": STRING}, "Addresses or interfaces, tried in this order."
            ),
            "hostPublicKey": _described(STRING, "The managers' ssh host key."),
            "identityFile": _described(STRING, "The private key for ssh, or nothing."),
            "through": _described(STRING, "A command to run ssh's proxy with, or nothing."),
            "sessionManagerRegion": _described(
                STRING, "Region of AWS Session Manager, when that is the way; or nothing."
            ),
            "bastion": _described(ANY, "host, user, port and hostKey of a bastion, or nothing."),
        },
        "required": [
            "hostPublicKey",
            "identityFile",
            "managers",
            "sessionManagerRegion",
            "through",
        ],
    }
}


def complete(components: ComponentProvider) -> str:
    """The inferred schema with the custom resources and the inherited descriptions added to it."""
    schema = json.loads(components.schema or "{}")
    shared = _descriptions(shared_args)
    for definition in schema["resources"].values():
        for name, found in definition.get("inputProperties", {}).items():
            if "description" not in found and name in shared:
                found["description"] = shared[name]
    schema["resources"] |= RESOURCES
    schema["types"] = {_type_name(name): found for name, found in schema["types"].items()} | TYPES
    return re.sub(
        f'(?<="#/types/){TYPE_PREFIX}[^"]+',
        lambda m: _type_name(m[0]),
        json.dumps(schema, sort_keys=True),
    )


def _type_name(inferred: str) -> str:
    """Without Args, which generated SDKs add to names: theirs would be SubnetArgsArgs."""
    name = inferred.removeprefix(TYPE_PREFIX)
    return TYPE_PREFIX + (RENAMED.get(name) or name.removesuffix("Args"))


def _descriptions(module: ModuleType) -> dict[str, str]:
    """The text under each field of a module's args: Pulumi reads it for own fields alone."""
    found = {}
    for definition in ast.parse(inspect.getsource(module)).body:
        if not isinstance(definition, ast.ClassDef):
            continue
        for field, text in pairwise(definition.body):
            match field, text:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(description))),
                ):
                    found[camel(name)] = inspect.cleandoc(description)
    return found
