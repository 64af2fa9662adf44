"""Bulk promotion and demotion over HTTP (packages.md 9.9); clients send PUT, the published description says POST."""

from __future__ import annotations

from chalicelib.channels.paths import PACKAGES, WRITE
from chalicelib.core.event_kinds import ChannelOperation
from chalicelib.http.answer import EMPTY_200, Answer
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.channels.bulk import service as bulk

routes = Routes("bulk changes of channels")


@routes.on(["PUT", "POST"], PACKAGES + "/promote", **WRITE)
def promote(call: Call) -> Answer:
    """Put everything that is in the channel of the path into another."""
    bulk.apply(_request(call, ChannelOperation.PROMOTE))
    return EMPTY_200


@routes.on(["PUT", "POST"], PACKAGES + "/demote", **WRITE)
def demote(call: Call) -> Answer:
    """Take everything that is in the channel of the path out of another."""
    bulk.apply(_request(call, ChannelOperation.DEMOTE))
    return EMPTY_200


def _request(call: Call, operation: ChannelOperation) -> bulk.BulkRequest:
    session = call.caller.require_session()
    return bulk.BulkRequest(operation, call["origin"], call["channel"], call.query("channel"), session, session.trigger)
