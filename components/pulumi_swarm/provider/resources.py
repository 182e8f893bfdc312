"""The provider protocol over the package's resources."""

import asyncio
import hashlib
from typing import Any

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
    PropertyDiff,
    PropertyDiffKind,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from . import host_key, node, settings
from .values import UNKNOWN, plain_map, property_map, type_of, unknown_property

HOST_KEY = "swarm:index:SshHostKey"
NODE = "swarm:index:Node"
SETTINGS = "swarm:index:SwarmSettings"

State = dict[str, Any]


class SwarmResources(Provider):
    """SshHostKey, SwarmSettings and Node."""

    async def cancel(self) -> None:
        node.cancelled.set()

    async def check_config(self, request: CheckRequest) -> CheckResponse:
        return CheckResponse(inputs=request.new_inputs)

    async def diff_config(self, request: DiffRequest) -> DiffResponse:
        return DiffResponse(changes=False)

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        return ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: CheckRequest) -> CheckResponse:
        inputs = {k: v for k, v in request.new_inputs.items() if not k.startswith("__")}
        failures = []
        if type_of(request.urn) == SETTINGS:
            old, new = plain_map(request.old_inputs), plain_map(inputs)
            failures = [CheckFailure(name, why) for name, why in settings.refusals(old, new)]
        return CheckResponse(inputs=inputs, failures=failures)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        changed: list[str] = []
        if type_of(request.urn) == NODE:  # the others never change
            changed = [n for n in sorted(node.INPUTS) if old.get(n) != new.get(n)]
        replaces = [n for n in changed if n in node.REPLACES]
        return DiffResponse(
            changes=bool(changed),
            replaces=replaces,
            delete_before_replace=bool(replaces),
            diffs=changed,
            detailed_diff={n: _difference(replaced=n in replaces) for n in changed},
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        if type_of(request.urn) == HOST_KEY:
            return _create_host_key(request)
        if type_of(request.urn) == SETTINGS:
            return CreateResponse(None if request.preview else "settings", request.properties)
        if request.preview:
            return CreateResponse(properties={**request.properties, "nodeId": unknown_property()})
        inputs = plain_map(request.properties)
        resource_id, outputs = await asyncio.to_thread(node.create, inputs)
        return CreateResponse(resource_id, {**request.properties, **property_map(outputs)})

    async def read(self, request: ReadRequest) -> ReadResponse:
        if type_of(request.urn) != NODE:
            return ReadResponse(request.resource_id, request.properties, request.inputs)
        old = plain_map(request.properties)
        state = await asyncio.to_thread(node.read, request.resource_id, old)
        if state is None:
            return ReadResponse()
        inputs = {name: state[name] for name in node.INPUTS if name in state}
        return ReadResponse(request.resource_id, property_map(state), property_map(inputs))

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        if not request.preview:
            await asyncio.to_thread(node.update, request.resource_id, plain_map(request.news))
        outputs = {"nodeId": PropertyValue(request.resource_id)}
        return UpdateResponse({**request.news, **outputs})

    async def delete(self, request: DeleteRequest) -> None:
        if type_of(request.urn) == NODE:
            state = plain_map(request.properties)
            await asyncio.to_thread(node.delete, request.resource_id, state)


def _create_host_key(request: CreateRequest) -> CreateResponse:
    if request.preview:
        return CreateResponse(properties=property_map(dict.fromkeys(host_key.OUTPUTS, UNKNOWN)))
    public, private = host_key.generate()
    properties = {
        "publicKey": PropertyValue(public),
        "privateKey": PropertyValue(private, is_secret=True),
    }
    return CreateResponse(hashlib.sha256(public.encode()).hexdigest()[:16], properties)


def _difference(*, replaced: bool) -> PropertyDiff:
    kind = PropertyDiffKind.UPDATE_REPLACE if replaced else PropertyDiffKind.UPDATE
    return PropertyDiff(kind, True)
