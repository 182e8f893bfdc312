"""The search for secrets in every place where somebody may read them who should not."""

import base64
import json
import re
from collections.abc import Iterator

from tests.lab.cloud import LocalCloud, Stack

CANARY = "canary-4f1d9"
SECRET = re.compile(r"SWMTKN-\S+|SWMKEY-\S+|BEGIN (OPENSSH |RSA |EC )?PRIVATE KEY|" + CANARY)


def leaks(swarm: LocalCloud, stack: Stack) -> list[str]:
    """Where secrets are, each with its beginning."""
    places = {**dict(in_the_cloud(swarm)), **dict(_of_the_stack(stack))}
    return [
        f"{where}: {match[0][:20]}"
        for where, text in places.items()
        for match in SECRET.finditer(text)
    ]


def in_the_cloud(swarm: LocalCloud) -> Iterator[tuple[str, str]]:
    """Every place on machines and in AWS, with its text."""
    ec2 = swarm.aws("ec2")
    for reservation in ec2.describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            instance_id = instance["InstanceId"]
            answer = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")
            encoded = answer["UserData"].get("Value", "")
            yield f"user-data of {instance_id}", base64.b64decode(encoded).decode()
    yield "tags", json.dumps(ec2.describe_tags()["Tags"])
    parameters = swarm.aws("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": ["/pulumi-swarm"]}]
    )
    for parameter in parameters["Parameters"]:
        found = swarm.aws("ssm").get_parameter(Name=parameter["Name"])
        yield f"parameter {parameter['Name']}", found["Parameter"]["Value"]
    for host in swarm.hosts():
        yield f"journal of {host}", swarm.on(host, "journalctl", "--no-pager")
        yield f"console of {host}", swarm.lab("logs", host).stdout
        script = "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"
        yield f"process list of {host}", swarm.on(host, "sh", "-c", script)


def _of_the_stack(stack: Stack) -> Iterator[tuple[str, str]]:
    yield "state", stack.export()
    yield "outputs", json.dumps(stack.outputs())
    yield "preview", stack.preview_json()
