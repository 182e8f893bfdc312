"""The provider protocol over the package's resources."""

import asyncio

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

from . import node, shared_connection
from .kinds import KINDS, Kind, State
from .values import UNKNOWN, is_known, plain_map, property_map, type_of


class SwarmResources(Provider):
    """What the plugin makes itself: everything in KINDS."""

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
        old, new = plain_map(request.old_inputs), plain_map(inputs)
        _share_connection(new)
        refused = _kind(request.urn).refusals(old, new)
        failures = [CheckFailure(name, why) for name, why in refused]
        return CheckResponse(inputs=inputs, failures=failures)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        kind = _kind(request.urn)
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        changed = [n for n in sorted(kind.inputs) if old.get(n) != new.get(n)]
        replaces = [n for n in changed if n in kind.replaces]
        if replaces:  # by the instance, too: the engine asks before it takes anything away
            await asyncio.to_thread(kind.check_replacement, old)
        if changed:
            await asyncio.to_thread(kind.check_change, old, new)
        if kind.is_unfinished(old):
            changed += sorted(kind.outputs)
        return DiffResponse(
            changes=bool(changed),
            replaces=replaces,
            delete_before_replace=bool(replaces),
            diffs=changed,
            detailed_diff={n: _difference(replaced=n in replaces) for n in changed},
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        kind = _kind(request.urn)
        if request.preview and not kind.is_pure:
            unknown = _outputs(kind, dict.fromkeys(kind.outputs, UNKNOWN))
            return CreateResponse(properties={**request.properties, **unknown})
        inputs = plain_map(request.properties)
        resource_id, outputs = await asyncio.to_thread(kind.create, inputs)
        _share_connection(inputs, new_manager=True)
        return CreateResponse(resource_id, {**request.properties, **_outputs(kind, outputs)})

    async def read(self, request: ReadRequest) -> ReadResponse:
        kind = _kind(request.urn)
        if not kind.inputs:  # nothing outside the state to look at
            return ReadResponse(request.resource_id, request.properties, request.inputs)
        old = plain_map(request.properties)
        _share_connection(old)
        state = await asyncio.to_thread(kind.read, request.resource_id, old)
        if state is None:
            return ReadResponse()
        inputs = {name: state[name] for name in kind.inputs if name in state}
        return ReadResponse(request.resource_id, _outputs(kind, state), property_map(inputs))

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        kind = _kind(request.urn)
        old, new = plain_map(request.olds), plain_map(request.news)
        outputs = {name: old.get(name) for name in kind.outputs}
        if kind.is_pure or not request.preview:
            outputs |= await asyncio.to_thread(kind.update, request.resource_id, old, new)
        elif kind.is_unfinished(old) or any(old.get(n) != new.get(n) for n in kind.renews):
            outputs = dict.fromkeys(kind.outputs, UNKNOWN)
        return UpdateResponse({**request.news, **_outputs(kind, outputs)})

    async def delete(self, request: DeleteRequest) -> None:
        state = plain_map(request.properties)
        await asyncio.to_thread(_kind(request.urn).delete, request.resource_id, state)


def _kind(urn: str) -> Kind:
    return KINDS[type_of(urn)]


def _share_connection(inputs: State, *, new_manager: bool = False) -> None:
    """With the Docker provider, as soon as the managers' addresses are known."""
    connection = inputs.get("connection")
    if connection and is_known(connection):
        shared_connection.offer(connection, new_manager=new_manager)


def _outputs(kind: Kind, values: State) -> dict[str, PropertyValue]:
    """Property values, with those marked that are secrets and known."""
    found = property_map(values)
    for name in kind.secrets & values.keys():
        if values[name] is not UNKNOWN:
            found[name] = PropertyValue(values[name], is_secret=True)
    return found


def _difference(*, replaced: bool) -> PropertyDiff:
    kind = PropertyDiffKind.UPDATE_REPLACE if replaced else PropertyDiffKind.UPDATE
    return PropertyDiff(kind, True)
