"""Events over HTTP: those of this depot and those of the public depot (packages.md 11, platform.md 2.3, 2.4)."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from msgspec import Struct

from chalicelib.core.deferred import deferred
from chalicelib.core.events.event_entries import EventEntry
from chalicelib.core.ident import PackageIdent
from chalicelib.core.search.search_terms import QueryUndecodable, Terms, decoded_again
from chalicelib.events import shapes
from chalicelib.events.errors import STATUS, SaasUnreachable
from chalicelib.http.answer import NO_CACHE, Answer
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.paging import Family, Page, Window, page, pages_of, window
from chalicelib.http.query import QueryMalformed
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.packages.errors import SearchUndecodable

with deferred():
    from chalicelib.events import service

routes = Routes("events", STATUS)
_DAY = r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"


class _Request(Struct, frozen=True):
    """The filter, the page, and the text of `query` as the client sent it, decoded once."""

    filter: service.EventFilter
    window: Window
    query: str


def _request(_: Call, query: shapes.EventsQuery) -> _Request:
    first = _day("from_date", query.first_day)
    last = _day("to_date", query.last_day)
    event_filter = service.EventFilter(first, last, query.channel.strip(), _terms(query.query))
    return _Request(event_filter, window(Family.C, query.start), query.query)


READ: dict[str, Any] = {"needs": ANYONE, "query": shapes.EventsQuery, "reads": _request, "cached": Cached.ANONYMOUS}


@routes.get(
    "/depot/events",
    **READ,
    answers=pages_of(shapes.Event),
    errors=(SearchUndecodable,),
    hides_private=True,
    identity_along=True,
)
def list_events(call: Call, request: _Request) -> Answer:
    """Return the promotions and demotions that the caller may see, newest first."""
    events, total = service.page(request.filter, request.window.offset, request.window.size, call.caller)
    return page(request.window, [_event(event) for event in events], total)


@routes.get(
    "/depot/events/saas",
    **READ,
    answers={200: Page[shapes.Event]},
    errors=(SaasUnreachable, SearchUndecodable),
)
def list_saas_events(_: Call, request: _Request) -> Answer:
    """Return the public depot's answer to the same query. The status is 200, whatever the public depot's status."""
    body = service.saas_answer(request.filter, request.window.shown_start, request.query)
    return Answer(200, body, "application/json", NO_CACHE)


def _day(name: str, text: str | None) -> date:
    if text is None:
        raise QueryMalformed(f"missing field `{name}`")
    match = re.fullmatch(_DAY, text)
    try:
        if match is not None:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as problem:
        raise QueryMalformed(f"{name} is not a date") from problem
    raise QueryMalformed(f"{name} must be YYYY-MM-DD")


def _terms(query: str) -> Terms | None:
    """Return the terms of a query, or None if it has only slashes and blanks. Raises SearchUndecodable."""
    try:
        text = decoded_again(query)
    except QueryUndecodable as problem:
        raise SearchUndecodable(f"Unable to parse query string '{query}'") from problem
    return Terms.parse(text) if text.strip("/ ") else None


def _event(event: EventEntry) -> shapes.Event:
    ident = PackageIdent.parse(event.ident)
    return shapes.Event(event.operation, event.created_at, ident.origin, event.channel, ident)
