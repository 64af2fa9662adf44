"""Bulk changes of channels over HTTP (packages.md 9.9).

Clients send PUT, but the published API description says POST. Both are accepted.
"""

from __future__ import annotations

from typing import Any

from chalicelib.catalog.errors import ChannelMissing, TooManyChannels, TooManyInOrigin
from chalicelib.channels.bulk.shapes import BulkQuery
from chalicelib.channels.errors import BulkUnfinished, ChannelLeaving, ChannelQueryMalformed
from chalicelib.channels.paths import PACKAGES, WRITE
from chalicelib.core.deferred import deferred
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.http.answer import EMPTY_200, Answer
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes

with deferred():
    from chalicelib.channels.bulk import service

routes = Routes("bulk changes of channels")

BULK: dict[str, Any] = {
    **WRITE,
    "query": BulkQuery,
    "answers": {200: None},
    "errors": (BulkUnfinished, ChannelLeaving, ChannelMissing, ChannelQueryMalformed, TooManyChannels, TooManyInOrigin),
}


@routes.on(["PUT", "POST"], PACKAGES + "/promote", **BULK)
def promote_channel(call: Call, query: BulkQuery) -> Answer:
    """Add all packages of the channel in the path to the channel in the query, which is created if necessary."""
    service.apply(_change(call, query, ChannelOperation.PROMOTE))
    return EMPTY_200


@routes.on(["PUT", "POST"], PACKAGES + "/demote", **BULK)
def demote_channel(call: Call, query: BulkQuery) -> Answer:
    """Remove all packages of the channel in the path from the channel in the query."""
    service.apply(_change(call, query, ChannelOperation.DEMOTE))
    return EMPTY_200


def _change(call: Call, query: BulkQuery, operation: ChannelOperation) -> service.BulkChange:
    by = call.caller.require_session()
    return service.BulkChange(operation, call["origin"], call["channel"], query.channel, by)
