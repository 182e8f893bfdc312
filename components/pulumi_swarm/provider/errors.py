"""Failures of the plugin's resources, for users to read."""

from collections.abc import Mapping


class ResourceError(Exception):
    """A resource cannot be made, read, changed or removed; the message says why and what to do."""


class UnfinishedError(ResourceError):
    """A resource is there, and not what it should be; the engine keeps it, for an update."""

    def __init__(self, message: str, resource_id: str, outputs: Mapping[str, str]) -> None:
        super().__init__(message)
        self.resource_id = resource_id
        self.outputs = outputs
