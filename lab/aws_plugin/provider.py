"""The provider protocol over the resource types and lookups of the stand-in."""

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlparse

import boto3
from botocore.config import Config
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    GetSchemaRequest,
    GetSchemaResponse,
    InvokeRequest,
    InvokeResponse,
    PropertyDiff,
    PropertyDiffKind,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from lab.aws_plugin.base import ResourceType
from lab.aws_plugin.resources import TYPES
from pulumi_swarm.provider.values import UNKNOWN, plain_map, property_map, type_of

LONGEST_CALL_SECONDS = 400  # a group is removed when its machines have ended
AUTO_NAME_DIGITS = 7  # what Pulumi's own providers append

NOT_LOCAL = (
    "the stand-in AWS plugin serves the local cloud alone, and the provider's {service} endpoint "
    "is {endpoint}; for real AWS install the published plugin: pulumi plugin install resource aws"
)


class NotLocalError(Exception):
    """The program wants an endpoint that is not the local cloud's."""


class AwsStandIn(Provider):
    """Serves ``aws:*`` from the local cloud; refuses any other endpoint."""

    def __init__(self) -> None:
        self._endpoints: dict[str, str] = {}
        self._region = ""
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._types: dict[str, ResourceType] = {t.token: t(self._client) for t in TYPES}
        self._lookups: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "aws:index/getAvailabilityZones:getAvailabilityZones": self._availability_zones,
            "aws:ec2/getAmi:getAmi": self._image,
            "aws:index/getRegion:getRegion": lambda _: {
                "id": self._region,
                "name": self._region,
                "region": self._region,
                "description": self._region,
                "endpoint": f"ec2.{self._region}.amazonaws.com",
            },
            "aws:ssm/getParameter:getParameter": self._parameter,
        }

    async def get_schema(self, request: GetSchemaRequest) -> GetSchemaResponse:
        return GetSchemaResponse(schema=json.dumps({"name": "aws", "version": "0.0.0"}))

    async def check_config(self, request: CheckRequest) -> CheckResponse:
        return CheckResponse(inputs=request.new_inputs)

    async def diff_config(self, request: DiffRequest) -> DiffResponse:
        return DiffResponse(changes=False)

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        self._region = _decoded(request.args, "region") or ""
        for group in _decoded(request.args, "endpoints") or []:
            self._endpoints.update(group)
        return ConfigureResponse(supports_preview=True)

    async def check(self, request: CheckRequest) -> CheckResponse:
        kind = self._types[type_of(request.urn)]
        failures = [
            CheckFailure(
                name, f"the stand-in AWS plugin does not know {type_of(request.urn)}.{name}"
            )
            for name in request.new_inputs
            if name not in kind.inputs and not name.startswith("__")
        ]
        inputs = {k: v for k, v in request.new_inputs.items() if not k.startswith("__")}
        if kind.auto_named and "name" not in inputs:
            seed = hashlib.sha256(request.random_seed).hexdigest()[:AUTO_NAME_DIGITS]
            name = PropertyValue(f"{request.name}-{seed}")
            inputs["name"] = request.old_inputs.get("name", name)
        return CheckResponse(inputs=inputs, failures=failures)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        kind = self._types[type_of(request.urn)]
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        changed = [n for n in sorted(kind.inputs) if old.get(n) != new.get(n)]
        replaces = [n for n in changed if n not in kind.updatable]
        return DiffResponse(
            changes=bool(changed),
            replaces=replaces,
            diffs=changed,
            detailed_diff={n: PropertyDiff(_kind(n, old, new, replaces), True) for n in changed},
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        kind = self._types[type_of(request.urn)]
        inputs = plain_map(request.properties)
        if request.preview:
            unknown = dict.fromkeys(kind.outputs, UNKNOWN)
            return CreateResponse(properties=property_map({**inputs, **unknown}))
        resource_id, outputs = await asyncio.to_thread(kind.create, inputs)
        return CreateResponse(resource_id, property_map({**inputs, **outputs}))

    async def read(self, request: ReadRequest) -> ReadResponse:
        kind = self._types[type_of(request.urn)]
        state = await asyncio.to_thread(
            kind.read, request.resource_id, plain_map(request.properties)
        )
        if state is None:
            return ReadResponse()
        inputs = {name: state[name] for name in kind.inputs if name in state}
        return ReadResponse(request.resource_id, property_map(state), property_map(inputs))

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        kind = self._types[type_of(request.urn)]
        old, new = plain_map(request.olds), plain_map(request.news)
        outputs = {name: old[name] for name in kind.outputs if name in old}
        if not request.preview:
            outputs |= await asyncio.to_thread(kind.update, request.resource_id, old, new)
        return UpdateResponse(property_map({**new, **outputs}))

    async def delete(self, request: DeleteRequest) -> None:
        kind = self._types[type_of(request.urn)]
        await asyncio.to_thread(kind.delete, request.resource_id, plain_map(request.properties))

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        lookup = self._lookups.get(request.tok)
        if lookup is None:
            raise NotImplementedError(f"the stand-in AWS plugin has no {request.tok}")
        found = await asyncio.to_thread(lookup, plain_map(request.args))
        return InvokeResponse(property_map(found))

    def _client(self, service: str) -> Any:
        endpoint = self._endpoints.get(service, "AWS's own")
        if urlparse(endpoint).hostname not in {"127.0.0.1", "localhost"}:
            raise NotLocalError(NOT_LOCAL.format(service=service, endpoint=endpoint))
        with self._lock:
            if service not in self._clients:
                session = boto3.session.Session(
                    aws_access_key_id="lab",
                    aws_secret_access_key="lab",
                    region_name=self._region,
                )
                # Retries help against nothing here and hide what moto answers.
                config = Config(
                    retries={"max_attempts": 1},
                    max_pool_connections=50,
                    read_timeout=LONGEST_CALL_SECONDS,
                )
                self._clients[service] = session.client(
                    service, endpoint_url=endpoint, config=config
                )
            return self._clients[service]

    def _availability_zones(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        zones = self._client("ec2").describe_availability_zones()["AvailabilityZones"]
        return {
            "id": self._region,
            "names": [zone["ZoneName"] for zone in zones],
            "zoneIds": [zone["ZoneId"] for zone in zones],
        }

    def _image(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        filters = [{"Name": f["name"], "Values": f["values"]} for f in arguments["filters"]]
        found = self._client("ec2").describe_images(Filters=filters)["Images"][0]
        return {
            "id": found["ImageId"],
            "imageId": found["ImageId"],
            "rootDeviceName": found["RootDeviceName"],
        }

    def _parameter(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        found = self._client("ssm").get_parameter(Name=arguments["name"])["Parameter"]
        return {
            "id": found["Name"],
            "arn": found["ARN"],
            "name": found["Name"],
            "type": found["Type"],
            "value": found["Value"],
            "insecureValue": found["Value"],
            "version": found["Version"],
        }


def _decoded(arguments: Mapping[str, PropertyValue], name: str) -> Any:
    """A provider argument; the SDK sends those that are not strings as JSON."""
    value = plain_map(arguments).get(name)
    if isinstance(value, str) and value[:1] in "[{":
        return json.loads(value)
    return value


def _kind(
    name: str, old: Mapping[str, Any], new: Mapping[str, Any], replaces: list[str]
) -> PropertyDiffKind:
    verb = "ADD" if old.get(name) is None else "DELETE" if new.get(name) is None else "UPDATE"
    return PropertyDiffKind[f"{verb}_REPLACE" if name in replaces else verb]
