"""User-data as a pure function of plain values: no Pulumi, no I/O but reading its own scripts."""

from .render import MAX_USER_DATA_BYTES, NodeSettings, render

__all__ = ["MAX_USER_DATA_BYTES", "NodeSettings", "render"]
