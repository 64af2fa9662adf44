"""Channels over HTTP (packages.md 9)."""

from __future__ import annotations

from typing import Any

from chalicelib.catalog.channel_rows import ChannelRow
from chalicelib.catalog.errors import ChannelMissing, ReleaseMissing, TooManyChannels, TooManyInOrigin
from chalicelib.catalog.package_rows import StoredPackage, TextsRow
from chalicelib.channels import reads, shapes
from chalicelib.channels.bulk.routes import routes as bulk
from chalicelib.channels.errors import (
    STATUS,
    ChannelExists,
    ChannelLeaving,
    ChannelNameInvalid,
    ChannelProtected,
    ChannelQueryMalformed,
    NotInChannel,
)
from chalicelib.channels.paths import CHANNEL, PACKAGES, RELEASE, WRITE
from chalicelib.core.builds.build_access import JobUse
from chalicelib.core.deferred import deferred
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import TargetUnknown
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_200, NO_CACHE, Answer, json_answer
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.paging import Family, Window, page, pages_of, window
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.packages.reads import texts_of
from chalicelib.packages.shapes import Package, TargetQuery, channel_package
from chalicelib.platform.object_store import ObjectStoreFailed

with deferred():
    from chalicelib.channels import newest_of_all, service

routes = Routes("channels", STATUS)
routes.include(bulk)


def _window(_: Call, query: shapes.PackagesQuery) -> Window:
    return window(Family.C, query.range)


def _newest_query(_: Call, query: shapes.NewestQuery) -> str:
    if query.target is None:
        raise ChannelQueryMalformed
    return query.target


def _demotion(call: Call, query: TargetQuery) -> TargetQuery:
    service.demand_demotable(call["channel"])
    return query


READ: dict[str, Any] = {
    "needs": ANYONE,
    "hides_private": True,
    "identity_along": True,
    "cached": Cached.OUTSIDERS,
}
LIST: dict[str, Any] = {
    **READ,
    "query": shapes.PackagesQuery,
    "reads": _window,
    "answers": pages_of(PackageIdent),
}
SHOW: dict[str, Any] = {
    **READ,
    "query": TargetQuery,
    "answers": {200: Package},
    "errors": (ObjectStoreFailed, ReleaseMissing, TargetUnknown),
}


@routes.get(
    "/depot/channels/{origin}",
    needs=ANYONE,
    query=shapes.ChannelsQuery,
    cached=Cached.OUTSIDERS,
    answers={200: list[shapes.ChannelName]},
)
def list_channels(call: Call, query: shapes.ChannelsQuery) -> Answer:
    """Return the channels of an origin, by name."""
    names = service.names(call["origin"], query.sandbox)
    return json_answer(200, [shapes.ChannelName(name) for name in names], NO_CACHE)


@routes.post(
    CHANNEL,
    **WRITE,
    job_use=JobUse.CHANNEL,
    answers={201: shapes.Channel},
    errors=(ChannelExists, ChannelLeaving, ChannelMissing, ChannelNameInvalid, TooManyInOrigin),
)
def create_channel(call: Call) -> Answer:
    """Create an empty channel."""
    row = service.create(call["origin"], call["channel"], call.caller.require_session())
    return json_answer(201, _channel(call["origin"], row))


@routes.delete(CHANNEL, **WRITE | {"scope": Scope.ADMIN}, answers={200: None}, errors=(ChannelProtected,))
def delete_channel(call: Call) -> Answer:
    """Delete a channel, if there is one. Its packages remain."""
    service.delete(call["origin"], call["channel"], call.caller.require_session())
    return EMPTY_200


@routes.get(PACKAGES, **LIST)
@routes.get(PACKAGES + "/{pkg}", **LIST)
@routes.get(PACKAGES + "/{pkg}/{version}", **LIST)
def list_channel_packages(call: Call, requested: Window) -> Answer:
    """Return the packages in a channel, or those of a name or version, by ident."""
    parts = [call[part] for part in ("pkg", "version") if part in call.path]
    if any("/" in part for part in parts):  # The prefix would reach into the versions of another name.
        return page(requested, [], 0)
    return _list(call, requested, "".join(part + "/" for part in parts))


# A package may be named like an operation. Routing does not try a variable where a literal matches, so these two
# names need their own paths (packages.md 1.5).
@routes.get(PACKAGES + "/promote", **LIST)
def list_channel_packages_named_promote(call: Call, requested: Window) -> Answer:
    """Return the packages of the name `promote` in a channel."""
    return _list(call, requested, "promote/")


@routes.get(PACKAGES + "/demote", **LIST)
def list_channel_packages_named_demote(call: Call, requested: Window) -> Answer:
    """Return the packages of the name `demote` in a channel."""
    return _list(call, requested, "demote/")


@routes.get(
    PACKAGES + "/_latest",
    **READ,
    query=shapes.NewestQuery,
    reads=_newest_query,
    answers={200: shapes.NewestPackages},
    errors=(ChannelQueryMalformed,),
)
def list_newest(call: Call, target: str) -> Answer:
    """Return the newest release of each name in a channel, for the target in the query."""
    idents = newest_of_all.idents(call["origin"], call["channel"], target, call.caller, call.demand_changed)
    return json_answer(200, shapes.NewestPackages(call["channel"], target, idents), NO_CACHE)


@routes.get(PACKAGES + "/{pkg}/latest", **SHOW)
@routes.get(PACKAGES + "/{pkg}/{version}/latest", **SHOW)
def show_latest_in_channel(call: Call, _: TargetQuery) -> Answer:
    """Return the newest release of a name or version in a channel."""
    found = reads.latest(
        call["origin"], call["channel"], call["pkg"], call.path.get("version"), call.target, call.caller
    )
    return _shown(call, *found)


@routes.get(RELEASE, **SHOW)
def show_package_in_channel(call: Call, _: TargetQuery) -> Answer:
    """Return a package, if it is in the channel."""
    return _shown(call, *reads.exact(call.ident, call["channel"], call.target, call.caller))


@routes.put(
    RELEASE + "/promote",
    **WRITE,
    job_use=JobUse.CHANNEL,
    query=TargetQuery,
    answers={200: None},
    errors=(ChannelMissing, ReleaseMissing, TargetUnknown, TooManyChannels),
)
def promote_package(call: Call, _: TargetQuery) -> Answer:
    """Add a package to a channel, if it is not in it already."""
    service.promote(call.ident, call.target, call["channel"], call.caller.require_session())
    return EMPTY_200


@routes.put(
    RELEASE + "/demote",
    **WRITE,
    query=TargetQuery,
    reads=_demotion,
    answers={200: None},
    errors=(ChannelProtected, NotInChannel, TargetUnknown),
)
def demote_package(call: Call, _: TargetQuery) -> Answer:
    """Remove a package from a channel."""
    service.demote(call.ident, call.target, call["channel"], call.caller.require_session())
    return EMPTY_200


def _shown(call: Call, package: StoredPackage, texts: TextsRow | None) -> Answer:
    call.demand_changed(package.revision)
    return json_answer(200, channel_package(package, texts_of(texts)), NO_CACHE)


def _list(call: Call, requested: Window, prefix: str) -> Answer:
    idents, total = reads.idents(call["origin"], call["channel"], prefix, requested.offset, requested.size, call.caller)
    return page(requested, idents, total)


def _channel(origin: str, row: ChannelRow) -> shapes.Channel:
    return shapes.Channel(
        id=str(int(row.id)),
        owner_id=str(int(row.owner_id)),
        name=row.name,
        created_at=row.created_at,
        updated_at=row.created_at,
        origin=origin,
    )
