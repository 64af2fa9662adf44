"""Which promotions and demotions a caller sees (packages.md section 11, platform.md 2.3).

Visibility is judged when it is asked for: what is shown depends on the packages as they are now. To count exactly,
every event of the wanted days is looked at, up to a limit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

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
"""So many of the newest events of the wanted days are looked at. Older ones are neither shown nor counted; who wants
them asks for fewer days."""

SAAS_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """The events that are asked for: days, both inclusive; a channel, empty for all; what their packages are called."""

    first: date
    last: date
    channel: str = ""
    terms: Terms | None = None


def page(wanted: Wanted, offset: int, size: int | None, caller: Caller) -> tuple[list[EventRow], int]:
    """A page of what the caller sees, the newest first and then by ident descending, and how many there are in all."""
    events = list(_each_once(_matching(wanted)))
    sight, account_id = VisibleOrigins.of(caller), caller.account_id
    packages = _packages_of(events)

    def shown(event: EventRow) -> bool:
        package = packages.get(event.ident)
        if package is None or not (package.public or sight.reaches(event.ident.partition("/")[0])):
            own = account_id is not None and int(event.requester_id) == account_id
            return own and (package is not None or wanted.terms is None)
        return True

    visible = [event for event in events if shown(event)]
    return visible[offset : None if size is None else offset + size], len(visible)


def of_saas(wanted: Wanted, start: int, query: str) -> bytes:
    """What the public depot answers to the same question, whatever its status. Raises SaasUnreachable.

    The caller's token is a credential of this depot and stays here (platform.md 2.4).
    """
    asked = outbound.OutboundRequest(
        "GET",
        f"{config.saas_bldr_url.rstrip('/')}/v1/depot/events",
        headers={"Accept": "application/json"},
        query={
            "range": str(start),
            "channel": wanted.channel,
            "from_date": wanted.first.isoformat(),
            "to_date": wanted.last.isoformat(),
            "query": query,
        },
    )
    try:
        return outbound.send(asked, SAAS_SECONDS).body
    except outbound.Unreachable as problem:
        raise SaasUnreachable("The public depot could not be reached") from problem


def _matching(wanted: Wanted) -> Iterator[EventRow]:
    for event in islice(event_rows.newest_first(wanted.first.isoformat(), wanted.last.isoformat()), EXAMINED):
        if wanted.channel and event.channel != wanted.channel:
            continue
        ident = PackageIdent.parse(event.ident)
        if wanted.terms is None or wanted.terms.match(tokens_of(ident.origin, ident.name)):
            yield event


def _each_once(events: Iterable[EventRow]) -> Iterator[EventRow]:
    """Rows of one ident and time, for two targets, are one event."""
    seen: set[tuple[str, str]] = set()
    for event in events:
        place = (event.ident, event.created_at)
        if place not in seen:
            seen.add(place)
            yield event


def _packages_of(events: Iterable[EventRow]) -> dict[str, IdentRow]:
    """Those of their packages that exist."""
    keys = {ident: ident_key(PackageIdent.parse(ident)) for ident in {event.ident for event in events}}
    found = read_many(list(keys.values()))
    standing = {ident: found.get(key) for ident, key in keys.items()}
    return {ident: row for ident, row in standing.items() if row is not None}
