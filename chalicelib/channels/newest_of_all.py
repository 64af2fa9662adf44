"""The newest release of every package name in a channel (packages.md 9.5), from a view that changes keep up to date.

See `catalog/newest_views.py`. A channel with few packages has no view; its rows are read.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial

from msgspec import Struct

from chalicelib.catalog import channel_rows, newest_views
from chalicelib.catalog.channel_rows import UNIT_SEPARATOR, MembershipRow, NewestOfAllRow
from chalicelib.catalog.lists import counted_lists, list_rows
from chalicelib.core.deferred import deferred
from chalicelib.core.ident import PackageIdent
from chalicelib.core.newest_names import NewestNames
from chalicelib.core.shown import Shown
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.platform import clock, parallel
from chalicelib.platform.retry_budget import single_try
from chalicelib.platform.table import StoreUnavailable, read, rows

with deferred():
    from chalicelib.catalog.lists import list_folding

FEW_PACKAGES = 128
"""A channel with so many packages at most gets no view."""

RESOLVED_AT_MOST = 32
"""If the newest releases of more names are unknown, all rows of the channel are read."""

WRITTEN_EVERY = timedelta(seconds=1)
"""A reader does not write what it has found into a view that was written within this time."""

PUBLIC = str(Visibility.PUBLIC)


class _Request(Struct, frozen=True):
    origin: str
    channel: str
    target: Target
    seen_by: Shown

    @property
    def list(self) -> str:
        return list_rows.channel_list(self.channel)


def idents(
    origin: str,
    channel: str,
    target: str,
    caller: Caller,
    demand_changed: Callable[..., object] = lambda *_: None,
) -> list[PackageIdent]:
    """Return the newest visible release of every name, sorted by name.

    `demand_changed` gets the revision of the list, if it is known before the list is made, and may raise an error that
    ends the request.

    The list is empty if the channel or the target is unknown. Makes two calls, which also read the caller's rows, and a
    Query for each name whose newest release has left the channel since the view was written. The first request for a
    channel and target, and one that finds many such names, reads the whole channel.
    """
    if target not in set(Target):
        caller.settle()
        return []
    log = counted_lists.log_of(origin)
    channel_key = channel_rows.channel_key(origin, channel)
    view_key = channel_rows.newest_of_all_key(origin, channel, target)
    found = caller.read_with(channel_key, view_key)
    if found.get(channel_key) is None:
        return []
    seen_by = Shown.EVERYONE if caller.role_in(origin) is None else Shown.MEMBERS
    request = _Request(origin, channel, Target(target), seen_by)
    view = found.get(view_key)
    if view is not None and view.content is not None:
        changes = newest_views.changes_in(log, request.list, request.target)
        demand_changed(str(seen_by), int(view.version), sorted(identifier for identifier, _ in changes))
    names = _names(request, log, view)
    list_folding.fold_if_long(log)
    return [PackageIdent(origin, *release) for release in names.visible(seen_by)]


def _names(request: _Request, log: counted_lists.Log, view: NewestOfAllRow | None) -> NewestNames:
    for _ in range(counted_lists.ATTEMPTS):
        if view is None or view.content is None:
            return _computed(request, view)
        if clock.now() - log.began <= counted_lists.READ_WITHIN:
            return _from_view(request, log, view)
        log = counted_lists.log_of(request.origin)
        view = read(channel_rows.newest_of_all_key(request.origin, request.channel, request.target))
    raise StoreUnavailable


def _from_view(request: _Request, log: counted_lists.Log, view: NewestOfAllRow) -> NewestNames:
    names, included = newest_views.unpacked(view)
    changes = newest_views.changes_in(log, request.list, request.target)
    newest_views.include(names, included, changes)
    unknown = names.unknown(request.seen_by)
    if len(unknown) > RESOLVED_AT_MOST:
        return _computed(request, view)
    newest = dict(zip(unknown, parallel.each(partial(_newest, request), unknown), strict=True))
    for name, release in newest.items():
        names.resolve(request.seen_by, name, release)
    if unknown and clock.moment_of(int(view.version)) < clock.now() - WRITTEN_EVERY:
        settled = clock.new_id(log.began - list_folding.SETTLED)
        _write_found(view, request, [each for each in changes if each[0] <= settled], newest)
    return names


def _newest(request: _Request, name: str) -> tuple[str, str] | None:
    """Return version and release of the newest release of a name, or None."""
    place = (request.origin, request.channel, name, None, request.target)
    row = channel_rows.newest_row(*place)
    if row is not None and row.visibility != PUBLIC and request.seen_by is Shown.EVERYONE:
        row = channel_rows.newest_behind(*place, public_only=True)
    if row is None:
        return None
    ident = PackageIdent.parse(row.ident)
    return ident.version, ident.release


def _write_found(
    view: NewestOfAllRow, request: _Request, settled: newest_views.Changes, newest: dict[str, tuple[str, str] | None]
) -> None:
    """Include the settled changes in a view as a fold does, with what is known of the names that are unknown then."""
    names, included = newest_views.unpacked(view)
    newest_views.include(names, included, settled)
    unknown = names.unknown(request.seen_by)
    for name in unknown:
        if name in newest:
            names.resolve(request.seen_by, name, newest[name])
    if unknown:
        with single_try(), suppress(StoreUnavailable):
            newest_views.write(view, names, included)


def _computed(request: _Request, view: NewestOfAllRow | None) -> NewestNames:
    """Return the newest releases from all rows of the channel, and make the view if they are many."""
    releases = list(_releases(request))
    names = NewestNames.of_releases(releases)
    if len(releases) > FEW_PACKAGES and len(names.packed()) <= newest_views.LARGEST:
        with single_try(), suppress(StoreUnavailable):
            _make(request, view)
    return names


def _make(request: _Request, view: NewestOfAllRow | None) -> None:
    """Make the view of a channel. It may be interrupted anywhere: another reader makes it later."""
    paused = newest_views.pause(request.origin, request.channel, request.target, view)
    if paused is None:
        return
    log = counted_lists.log_of(request.origin)
    included = newest_views.included_before(log, request.list, paused)
    names = NewestNames.of_releases(_releases(request))
    newest_views.note_left(names, log, request.list, request.target)
    newest_views.write(paused, names, included)


def _releases(request: _Request) -> Iterator[tuple[str, str, str, Shown]]:
    """Yield the packages of a channel for a target: name, version, release and to whom they are shown."""
    pk = channel_rows.members_partition(request.origin, request.channel)
    for row in rows(MembershipRow, pk, only=["pk", "sk", "visibility"]):
        path, _, target = row.sk.partition(UNIT_SEPARATOR)
        if target == request.target:
            name, version, release = path.split("/")
            yield name, version, release, Shown.entry(exists=True, public=row.visibility == PUBLIC)
