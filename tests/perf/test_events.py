"""What a page of events costs with 80,000 events in one day, and in a year with 300 a day (packages.md 11)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest

from app import app
from chalicelib.catalog.events import event_folding, event_index, event_rows
from chalicelib.catalog.events.event_index import EventIndexRow
from chalicelib.core.events.event_chunks import Arrival
from chalicelib.core.events.event_entries import DAY, EventEntry, PackageState
from chalicelib.platform.row import Key
from chalicelib.platform.table import delete_many, rows
from tests.api.client import Depot
from tests.builders.origins import an_origin
from tests.builders.releases import a_release, promoted
from tests.perf.recording import Recording, record

NAMES = 12_000
BUSY_DAY, BUSY_EVENTS = datetime(2012, 5, 5, tzinfo=UTC), 80_000
YEAR, A_DAY = datetime(2013, 1, 1, tzinfo=UTC), 300
PERIODS = {"a busy day": ("2012-5-5", "2012-5-5"), "a year": ("2013-1-1", "2013-12-31")}
FILTERS = ("", "channel=stable", "query=core", "query=name-77", "channel=dev&query=lib", "range=60000", "channel=none")
CALLS, UNITS = 5, 100


def arrivals() -> Iterator[Arrival]:
    """Yield events of names that are all equally frequent, the costliest case. A tenth is not public."""
    random = Random(1)
    names = [f"core{number % 5}/{random.choice(('lib', 'py', 'tool'))}-name-{number:05}" for number in range(NAMES)]
    channels, people = random.choices(("stable", "stable", "dev", "acceptance"), k=40), range(20)
    spans = [(BUSY_DAY, 1, BUSY_EVENTS), (YEAR, 365, 365 * A_DAY)]
    for first, days, number in spans:
        moment = int(first.timestamp()) * 1_000_000
        for _ in range(number):
            moment += random.randrange(2 * (days * DAY // number) - days * DAY // number // 100)
            ident = f"{random.choice(names)}/{random.randrange(9)}.{random.randrange(40)}/{random.randrange(10**9)}"
            person = random.choice(people)
            entry = EventEntry(
                moment, ident, "x86_64-linux", "Promote", random.choice(channels), "hab_client", person, f"user{person}"
            )
            yield entry, random.choices(tuple(PackageState), (90, 7, 3))[0]


@pytest.fixture(scope="module")
def filled(depot: Depot) -> Iterator[None]:
    """An index with only these events, which is replaced by an empty one at the end."""
    an_origin(depot)
    _empty_index()
    event_folding.add(list(arrivals()))
    yield
    _empty_index()


def _empty_index() -> None:
    while event_folding.fold():
        pass
    partitions = (event_index.FACTS, event_index.NAMES, event_index.HASHES, event_index.PAGES, event_index.DICTIONARY)
    parts = [
        row for kind in partitions for row in rows(EventIndexRow, event_index.part_partition(kind), keys_only=True)
    ]
    delete_many([event_index.root_key(), *(Key(EventIndexRow, row.pk, row.sk) for row in parts)])


def listed(period: str, query: str, by: str | None) -> Recording:
    """Record a request for events of a period."""
    first, last = PERIODS[period]
    path = f"/depot/events?from_date={first}&to_date={last}&{query}"
    return record(app, lambda depot: depot.get(path, by=by))


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("query", FILTERS)
@pytest.mark.parametrize("by", [None, "bobo"])
def test_a_page_costs_few_calls_and_units(filled: None, period: str, query: str, by: str | None) -> None:
    recording = listed(period, query, by)

    assert recording.status in (200, 206)
    assert recording.calls <= CALLS
    assert recording.read_units <= UNITS


def test_units_are_those_of_the_requested_days(filled: None) -> None:
    one_day = record(app, lambda depot: depot.get("/depot/events?from_date=2013-6-6&to_date=2013-6-6"))

    assert one_day.read_units <= 8


def test_a_promotion_writes_one_small_row(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), "tool")
    before = {(row.pk, row.sk) for row in event_rows.inbox().events}
    promoted(depot, release, "stable")

    (written,) = [row for row in event_rows.inbox().events if (row.pk, row.sk) not in before]
    assert sum(len(str(value)) for value in written.serialize().values()) < 1_000
