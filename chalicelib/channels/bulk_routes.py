"""Bulk promotion and demotion over HTTP (packages.md 9.9); clients send PUT, the published description says POST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.channels.routes import PACKAGES, WRITE, list_below, list_request
from chalicelib.events.kinds import Operation
from chalicelib.http.answer import EMPTY_200, Answer
from chalicelib.http.call import Call
from chalicelib.http.paging import Window
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.platform.deferred import deferred

if TYPE_CHECKING:
    from chalicelib.channels import bulk
else:
    bulk = deferred("chalicelib.channels.bulk")

routes = Routes("bulk changes of channels")


@routes.on(["PUT", "POST"], PACKAGES + "/promote", **WRITE)
def promote(call: Call) -> Answer:
    """Put everything that is in the channel of the path into another."""
    bulk.apply(_request(call, Operation.PROMOTE))
    return EMPTY_200


@routes.on(["PUT", "POST"], PACKAGES + "/demote", **WRITE)
def demote(call: Call) -> Answer:
    """Take everything that is in the channel of the path out of another."""
    bulk.apply(_request(call, Operation.DEMOTE))
    return EMPTY_200


@routes.get(PACKAGES + "/promote", needs=ANYONE, reads=list_request, hides_private=True)
def list_packages_named_promote(call: Call, wanted: Window) -> Answer:
    """A package may be named like an operation: fixed words win on their own methods only (1.5)."""
    return list_below(call, wanted, "promote/")


@routes.get(PACKAGES + "/demote", needs=ANYONE, reads=list_request, hides_private=True)
def list_packages_named_demote(call: Call, wanted: Window) -> Answer:
    """A package may be named like an operation: fixed words win on their own methods only (1.5)."""
    return list_below(call, wanted, "demote/")


def _request(call: Call, operation: Operation) -> bulk.BulkRequest:
    session = call.caller.require_session()
    return bulk.BulkRequest(operation, call["origin"], call["channel"], call.query("channel"), session, session.trigger)
