"""Shapes of bulk changes over HTTP (packages.md 9.9)."""

from msgspec import Struct


class BulkQuery(Struct):
    """The channel to change. Required: without it the status is 400, after authorisation."""

    channel: str = ""
