"""Failures of the plugin's resources, for users to read."""


class ResourceError(Exception):
    """A resource cannot be made, read, changed or removed; the message says why and what to do."""
