"""Shapes of bulk changes over HTTP (packages.md 9.9)."""

from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.http.query import REFUSED_LATER


class BulkQuery(Struct):
    """`channel` is the channel to change. Without it the status is 400, after authorisation."""

    channel: Annotated[str, Meta(description="Name of the channel to change."), REFUSED_LATER] = ""
