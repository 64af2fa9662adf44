"""The promotions and demotions that a caller may see (packages.md 11, platform.md 2.3)."""

from contextlib import suppress
from datetime import date
from functools import cache

from msgspec import Struct

from chalicelib.catalog.events import event_folding, event_index, event_rows, event_states
from chalicelib.catalog.events.event_index import Root
from chalicelib.catalog.package_rows import ident_key
from chalicelib.core.events.event_columns import Kind
from chalicelib.core.events.event_entries import EventEntry, PackageState
from chalicelib.core.ident import PackageIdent
from chalicelib.core.search.search_terms import Terms
from chalicelib.events.errors import SaasUnreachable
from chalicelib.events.listing import InboxEvent, Listing, Sees
from chalicelib.identity.access import VisibleOrigins
from chalicelib.identity.caller import Caller
from chalicelib.platform import outbound
from chalicelib.platform.change import retry_when_stale
from chalicelib.platform.config import config
from chalicelib.platform.retry_budget import single_try
from chalicelib.platform.table import StoreUnavailable

FOLD_EVENTS, FOLD_STATES = 100, 16
"""A reader that finds so many events or changed idents that the index lacks folds them."""

FOLDS = 3
"""Folds of one request. Each takes thousands of events."""

SAAS_SECONDS = 20
_FIRST_DAY = date(1970, 1, 1).toordinal()


class EventFilter(Struct, frozen=True):
    """The days (both inclusive), the channel (empty: all) and the terms of the package's name (None: all)."""

    first: date
    last: date
    channel: str = ""
    terms: Terms | None = None

    @property
    def days(self) -> tuple[int, int]:
        """The first and the last day, counted from 1970."""
        return self.first.toordinal() - _FIRST_DAY, self.last.toordinal() - _FIRST_DAY


def page(event_filter: EventFilter, offset: int, size: int, caller: Caller) -> tuple[list[EventEntry], int]:
    """Return a page of the events that the caller may see and their total, newest first, then by ident descending.

    Proves the caller. Only the requester sees events of deleted packages, and only if the filter has no terms. Raises
    StoreUnavailable, also if more events wait for a fold than a request can read.
    """

    def read() -> tuple[list[EventEntry], int]:
        listing = _listing(event_filter, caller, FOLDS)
        return listing.page(offset, size), listing.total

    return retry_when_stale(read)


def _listing(event_filter: EventFilter, caller: Caller, folds: int) -> Listing:
    inbox = event_rows.inbox()  # before the root: a fold writes the root before it deletes from the inbox
    keys = {row.ident: ident_key(PackageIdent.parse(row.ident)) for row in inbox.states}
    found = caller.read_with(event_index.root_key(), *keys.values())
    root = Root.unpacked(found.get(event_index.root_key()))
    states = {ident: event_states.state_of(found.get(key)) for ident, key in keys.items()}
    folded = set(root.folded)
    fresh = [event for event in inbox.events if event.sk not in folded]
    if folds and (len(fresh) >= FOLD_EVENTS or len(states) >= FOLD_STATES):
        with single_try(), suppress(StoreUnavailable):
            event_folding.fold()
        return _listing(event_filter, caller, folds - 1)
    if not inbox.complete:
        raise StoreUnavailable
    arrived = [InboxEvent(event.entry, states.get(event.ident, event.state)) for event in fresh]
    return Listing(root, event_filter.days, arrived, states, _sees(event_filter, caller), event_filter.terms)


def _sees(event_filter: EventFilter, caller: Caller) -> Sees:
    """Return whether the caller sees events of a kind, and the filter has their channel."""
    origins, session = VisibleOrigins.of(caller), caller.session

    @cache
    def sees(kind: Kind) -> bool:
        if event_filter.channel not in ("", kind.channel):
            return False
        if kind.state is PackageState.PUBLIC:
            return True
        is_own = session is not None and kind.requester == session.account_id and session.reaches(kind.origin)
        if kind.state is PackageState.MEMBERS:
            return is_own or origins.reaches(kind.origin)
        return is_own and event_filter.terms is None

    return sees


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
