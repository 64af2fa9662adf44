"""Promotions and demotions over HTTP, ours and the public depot's (packages.md section 11, platform.md 2.3, 2.4)."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, NamedTuple

from chalicelib.core.ident import PackageIdent
from chalicelib.core.search_terms import QueryUndecodable, Terms, decoded_again
from chalicelib.events.errors import STATUS
from chalicelib.http.answer import NO_CACHE, Answer
from chalicelib.http.call import Call
from chalicelib.http.paging import Family, Window, page, window
from chalicelib.http.query import QueryMalformed
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.packages.errors import SearchUndecodable
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.catalog import event_rows
    from chalicelib.events import service

routes = Routes("events", STATUS)
_DAY = r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"


class Question(NamedTuple):
    """What a client asks of either depot; `query` is its text as the client sent it, decoded once."""

    wanted: service.Wanted
    rows: Window
    query: str


def _question(call: Call) -> Question:
    """The documented names are aliases, the ones that clients send win (platform.md 2.3)."""
    start = call.integer("range" if call.optional("range") is not None else "nextRange")
    first, last = _day(call, "from_date", "fromDate"), _day(call, "to_date", "toDate")
    query = call.query("query")
    wanted = service.Wanted(first, last, call.query("channel").strip(), _terms(query))
    return Question(wanted, window(Family.C, start), query)


@routes.get("/depot/events", needs=ANYONE, reads=_question, hides_private=True)
def list_events(call: Call, asked: Question) -> Answer:
    """The promotions and demotions that the caller may see, the newest first."""
    events, total = service.page(asked.wanted, asked.rows.offset, asked.rows.size, call.caller)
    return page(asked.rows, [_event(event) for event in events], total)


@routes.get("/depot/events/saas", needs=ANYONE, reads=_question)
def list_saas_events(_: Call, asked: Question) -> Answer:
    """What the public depot answers, always as 200."""
    body = service.of_saas(asked.wanted, asked.rows.shown_start, asked.query)
    return Answer(200, body, "application/json", NO_CACHE)


def _day(call: Call, name: str, alias: str) -> date:
    text = call.optional(name)
    if text is None:
        text = call.optional(alias)
    if text is None:
        raise QueryMalformed(f"missing field `{name}`")
    match = re.fullmatch(_DAY, text)
    try:
        if match is not None:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as problem:
        raise QueryMalformed(f"{name} is no date") from problem
    raise QueryMalformed(f"{name} must be YYYY-MM-DD")


def _terms(query: str) -> Terms | None:
    """None asks for the events of all packages."""
    try:
        text = decoded_again(query)
    except QueryUndecodable as problem:
        raise SearchUndecodable(f"Unable to parse query string '{query}'") from problem
    return Terms.parse(text) if text.strip("/ ") else None


def _event(row: event_rows.EventRow) -> dict[str, Any]:
    ident = PackageIdent.parse(row.ident)
    return {
        "operation": row.operation,
        "created_at": row.created_at,
        "origin": ident.origin,
        "channel": row.channel,
        "package_ident": ident.as_json(),
    }
