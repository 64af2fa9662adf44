"""The promotions and demotions that a caller may see (packages.md 11, platform.md 2.3).

Visibility is decided when the events are read: it depends on the packages that exist now. An exact total needs every
event of the requested days, so the number of events that are examined is limited.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache, partial
from itertools import islice

from msgspec import Struct

from chalicelib.catalog import event_rows
from chalicelib.catalog.event_rows import EventRow
from chalicelib.catalog.package_rows import IdentRow, ident_key
from chalicelib.core.ident import PackageIdent
from chalicelib.core.search_terms import Terms, tokens_of
from chalicelib.events.errors import SaasUnreachable
from chalicelib.identity.access import VisibleOrigins
from chalicelib.identity.caller import Caller
from chalicelib.platform import outbound
from chalicelib.platform.config import config
from chalicelib.platform.table import read_many

EXAMINED = 20_000
"""The newest events of the requested days that are read; older ones are neither listed nor counted."""

CONSIDERED = 5_000
"""The newest of these in the requested channel whose packages are read; older ones are neither listed nor counted."""

SAAS_SECONDS = 20


class EventFilter(Struct, frozen=True):
    """The days (both inclusive), the channel (empty: all) and the terms of the package's name (None: all)."""

    first: date
    last: date
    channel: str = ""
    terms: Terms | None = None


def page(event_filter: EventFilter, offset: int, size: int | None, caller: Caller) -> tuple[list[EventRow], int]:
    """Return a page of the events that the caller may see and their total, newest first, then by ident descending.

    A `size` of None means all events from `offset`. Only the requester sees events of deleted packages, and only if the
    filter has no terms.
    """
    events = list(_distinct(_matching(event_filter)))
    visible_origins, session = VisibleOrigins.of(caller), caller.session
    packages = _packages_of(events)

    def is_visible(event: EventRow) -> bool:
        package = packages.get(event.ident)
        origin = event.ident.partition("/")[0]
        if package is not None and (package.public or visible_origins.reaches(origin)):
            return True
        is_own = session is not None and int(event.requester_id) == session.account_id and session.reaches(origin)
        return is_own and (package is not None or event_filter.terms is None)

    visible = [event for event in events if is_visible(event)]
    return visible[offset : None if size is None else offset + size], len(visible)


def saas_answer(event_filter: EventFilter, start: int, query: str) -> bytes:
    """Return the body of the public depot's answer to the same query, whatever its status. Raises SaasUnreachable.

    The caller's token is not forwarded: it is a credential of this depot (platform.md 2.4).
    """
    request = outbound.OutboundRequest(
        "GET",
        f"{config.saas_bldr_url.rstrip('/')}/v1/depot/events",
        headers={"Accept": "application/json"},
        query={
            "range": str(start),
            "channel": event_filter.channel,
            "from_date": event_filter.first.isoformat(),
            "to_date": event_filter.last.isoformat(),
            "query": query,
        },
    )
    try:
        return outbound.send(request, SAAS_SECONDS).body
    except outbound.Unreachable as problem:
        raise SaasUnreachable("The public depot could not be reached") from problem


def _matching(event_filter: EventFilter) -> Iterator[EventRow]:
    first, last = event_filter.first.isoformat(), event_filter.last.isoformat()
    matches = cache(partial(_matches, event_filter.terms))  # many events are of the same few names
    for event in islice(event_rows.newest_first(first, last, event_filter.channel, EXAMINED), CONSIDERED):
        ident = PackageIdent.parse(event.ident)
        if matches(ident.origin, ident.name):
            yield event


def _matches(terms: Terms | None, origin: str, name: str) -> bool:
    return terms is None or terms.match(tokens_of(origin, name))


def _distinct(events: Iterable[EventRow]) -> Iterator[EventRow]:
    """Yield the first row of each ident and time: rows for several targets count as one event."""
    yielded: set[tuple[str, str]] = set()
    for event in events:
        key = (event.ident, event.created_at)
        if key not in yielded:
            yielded.add(key)
            yield event


def _packages_of(events: Iterable[EventRow]) -> dict[str, IdentRow]:
    """Return the rows of the events' idents that still exist, by ident."""
    keys = {ident: ident_key(PackageIdent.parse(ident)) for ident in {event.ident for event in events}}
    found = read_many(list(keys.values()))
    rows_by_ident = {ident: found.get(key) for ident, key in keys.items()}
    return {ident: row for ident, row in rows_by_ident.items() if row is not None}
