"""Channels over HTTP (packages.md section 9). Every refused write is 401, whatever is missing (packages.md 1.1)."""

from __future__ import annotations

from typing import Any

from chalicelib.catalog.channel_rows import ChannelRow
from chalicelib.channels import reads
from chalicelib.channels.bulk.routes import routes as bulk
from chalicelib.channels.errors import STATUS, ChannelQueryMalformed
from chalicelib.channels.paths import CHANNEL, PACKAGES, RELEASE, WRITE
from chalicelib.http.answer import EMPTY_200, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.paging import Family, Window, page, window
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.packages import render
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.channels import newest_of_all, service

routes = Routes("channels", STATUS)
routes.include(bulk)
READ: dict[str, Any] = {"needs": ANYONE, "hides_private": True, "identity_along": True}


@routes.get("/depot/channels/{origin}", needs=ANYONE, reads=lambda call: call.flag("sandbox"))
def list_channels(call: Call, sandbox: bool) -> Answer:
    """The channels of an origin (9.1)."""
    return json_answer(200, [{"name": name} for name in service.names(call["origin"], sandbox)], NO_CACHE)


@routes.post(CHANNEL, **WRITE)
def create(call: Call) -> Answer:
    """Make a channel (9.2)."""
    row = service.create(call["origin"], call["channel"], call.caller.require_session())
    return json_answer(201, _channel(call["origin"], row))


@routes.delete(CHANNEL, **WRITE)
def delete(call: Call) -> Answer:
    """Remove a channel, not its packages (9.3)."""
    service.delete(call["origin"], call["channel"])
    return EMPTY_200


def list_request(call: Call) -> Window:
    """Which rows of a list are asked for."""
    return window(Family.C, call.integer("range"))


@routes.get(PACKAGES, reads=list_request, **READ)
@routes.get(PACKAGES + "/{pkg}", reads=list_request, **READ)
@routes.get(PACKAGES + "/{pkg}/{version}", reads=list_request, **READ)
def list_packages(call: Call, wanted: Window) -> Answer:
    """What is in a channel, or in it of a name or version (9.4)."""
    parts = [call[part] for part in ("pkg", "version") if part in call.path]
    if any("/" in part for part in parts):  # it would reach into the versions of another name
        return page(wanted, [], 0)
    return list_below(call, wanted, "".join(part + "/" for part in parts))


def list_below(call: Call, wanted: Window, below: str) -> Answer:
    """A page of a channel's packages whose place begins like this."""
    rows, total = reads.idents(call["origin"], call["channel"], below, wanted.offset, wanted.size, call.caller)
    return page(wanted, [ident.as_json() for ident in rows], total)


@routes.get(PACKAGES + "/promote", needs=ANYONE, reads=list_request, hides_private=True)
def list_packages_named_promote(call: Call, wanted: Window) -> Answer:
    """A package may be named like an operation: fixed words win on their own methods only (1.5)."""
    return list_below(call, wanted, "promote/")


@routes.get(PACKAGES + "/demote", needs=ANYONE, reads=list_request, hides_private=True)
def list_packages_named_demote(call: Call, wanted: Window) -> Answer:
    """A package may be named like an operation: fixed words win on their own methods only (1.5)."""
    return list_below(call, wanted, "demote/")


def _latest_target(call: Call) -> str:
    target = call.optional("target")
    if target is None:
        raise ChannelQueryMalformed
    return target


@routes.get(PACKAGES + "/_latest", reads=_latest_target, **READ)
def list_latest(call: Call, target: str) -> Answer:
    """The newest release of every name (9.5)."""
    rows = newest_of_all.find(call["origin"], call["channel"], target, call.caller)
    shown = {"channel": call["channel"], "target": target, "data": [ident.as_json() for ident in rows]}
    return json_answer(200, shown, NO_CACHE)


@routes.get(PACKAGES + "/{pkg}/latest", **READ)
@routes.get(PACKAGES + "/{pkg}/{version}/latest", **READ)
def latest(call: Call) -> Answer:
    """The release that installs resolve to (9.6)."""
    row, texts = reads.latest(
        call["origin"], call["channel"], call["pkg"], call.path.get("version"), call.target, call.caller
    )
    return json_answer(200, render.package(row, texts, with_size=False), NO_CACHE)


@routes.get(RELEASE, **READ)
def show(call: Call) -> Answer:
    """A package, if it is in the channel (9.6)."""
    row, texts = reads.exact(call.ident, call["channel"], call.target, call.caller)
    return json_answer(200, render.package(row, texts, with_size=False), NO_CACHE)


@routes.put(RELEASE + "/promote", **WRITE)
def promote(call: Call) -> Answer:
    """Put a package into a channel (9.7)."""
    service.promote(_request(call))
    return EMPTY_200


@routes.put(RELEASE + "/demote", reads=lambda call: service.demand_demotable(call["channel"]), **WRITE)
def demote(call: Call, _: None) -> Answer:
    """Take a package out of a channel (9.8)."""
    service.demote(_request(call))
    return EMPTY_200


def _request(call: Call) -> service.Request:
    session = call.caller.require_session()
    return service.Request(call.ident, call.target, call["channel"], session, session.trigger)


def _channel(origin: str, row: ChannelRow) -> dict[str, str]:
    return {
        "id": str(int(row.id)),
        "owner_id": str(int(row.owner_id)),
        "name": row.name,
        "created_at": row.created_at,
        "updated_at": row.created_at,
        "origin": origin,
    }
