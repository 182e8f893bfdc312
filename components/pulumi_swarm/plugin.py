"""Serves the components and the resources of the package from one process."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import grpc
import grpc.aio
from google.protobuf.struct_pb2 import Struct
from pulumi.provider.experimental.server import ProviderServicer as ResourceServicer
from pulumi.provider.server import ComponentInitError
from pulumi.provider.server import ProviderServicer as ComponentServicer
from pulumi.runtime.proto import (
    ResourceProviderServicer,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

from .errors import SwarmInputError
from .provider.errors import ResourceError, UnfinishedError
from .provider.resources import SwarmResources
from .resources import PLUGIN_VERSION

# Nodes wait for their machines in threads; a thousand workers may come at once.
WAITING_NODES = 256
MAX_MESSAGE_BYTES = 400 << 20  # the engine's own limit

Method = Callable[[Any, Any, Any], Awaitable[Any]]

# Pulumi has a servicer for components and one for resources; each does its part.
DELEGATED = {
    "_components": ("Construct", "GetSchema"),
    "_resources": (
        "GetPluginInfo",
        "Cancel",
        "CheckConfig",
        "DiffConfig",
        "Configure",
        "Check",
        "Diff",
        "Create",
        "Read",
        "Update",
        "Delete",
    ),
}


def _by(servicer: str, method: str) -> Method:
    async def call(self: object, request: Any, context: Any) -> Any:
        try:
            return await getattr(getattr(self, servicer), method)(request, context)
        except Exception as error:
            told = for_users(error)
            if told is None:
                raise
            details = unfinished(told, request) if isinstance(told, UnfinishedError) else ()
            await context.abort(grpc.StatusCode.UNKNOWN, str(told), details)

    return call


def for_users(error: BaseException) -> ResourceError | SwarmInputError | None:
    """The failure whose message is meant for users; None for a fault of the program.

    Pulumi's servicers raise another error in place of the first, with a stack
    trace in its text.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ComponentInitError):
            seen = seen.inner
        if isinstance(seen, ResourceError | SwarmInputError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def unfinished(error: UnfinishedError, request: Any) -> tuple[tuple[str, bytes], ...]:
    """What makes the engine keep a resource whose creation or update did not come to its end."""
    inputs = request.news if hasattr(request, "news") else request.properties
    known = Struct()
    known.CopyFrom(inputs)
    known.update(error.outputs)
    kept = provider_pb2.ErrorResourceInitFailed(
        id=error.resource_id, properties=known, reasons=[str(error)], inputs=inputs
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(kept)
    return (("grpc-status-details-bin", status.SerializeToString()),)


class SwarmServicer(ResourceProviderServicer):
    """Components go to one of Pulumi's servicers, resources to the other."""

    def __init__(self, engine_address: str, arguments: list[str]) -> None:
        super().__init__()
        self._engine_address = engine_address
        self._arguments = arguments
        self._resources = ResourceServicer(
            arguments, PLUGIN_VERSION, SwarmResources(), engine_address=engine_address
        )

    @cached_property
    def _components(self) -> ComponentServicer:
        # Imported when the first component is asked for: a program in Python never does.
        from .components import component_provider  # noqa: PLC0415

        return ComponentServicer(
            component_provider(), self._arguments, engine_address=self._engine_address
        )


for _servicer, _methods in DELEGATED.items():
    for _method in _methods:
        setattr(SwarmServicer, _method, _by(_servicer, _method))


async def serve(engine_address: str, arguments: list[str]) -> None:
    """Serve until the engine ends the process."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(WAITING_NODES))
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ]
    )
    servicer = SwarmServicer(engine_address, arguments)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)  # the engine reads the port from the first line
    await server.wait_for_termination()


def main() -> None:
    """Entry of the plugin; the engine gives its own address as the first argument."""
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    asyncio.run(serve(addresses[0], sys.argv[1:]))
