"""Shapes of bulk changes over HTTP (packages.md 9.9)."""

from msgspec import Struct


class BulkQuery(Struct):
    """The channel to change. It is required: a missing or empty one is refused with 400 after authorisation."""

    channel: str = ""
