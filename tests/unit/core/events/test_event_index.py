"""The columns, pages and chunks of the index of events agree with plain lists."""

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.events import event_chunks, event_columns, event_entries
from chalicelib.core.events.event_chunks import Arrival, Chunk, NewPage
from chalicelib.core.events.event_columns import Column, Facts, Kind, Names, StoredPage
from chalicelib.core.events.event_entries import DAY, EventEntry, PackageState
from chalicelib.core.search.search_terms import Terms, tokens_of

NAMES = st.sampled_from(["a/lib", "b/lib", "b/big-tool", "c/x"])
ENTRIES = st.builds(
    EventEntry,
    time=st.integers(0, 40).map(lambda number: number * DAY // 4),
    ident=st.builds("{}/{}/r".format, NAMES, st.integers(1, 3)),
    target=st.just("x86_64-linux"),
    operation=st.sampled_from(["Promote", "Demote"]),
    channel=st.sampled_from(["stable", "dév"]),
    trigger=st.just("unknown"),
    requester_id=st.integers(0, 2**62),
    requester=st.text("ab\x7f", max_size=3),
    group=st.sampled_from(["", "7"]),
)
ARRIVALS = st.lists(st.tuples(ENTRIES, st.sampled_from(PackageState)), min_size=1, max_size=30)
WORDS = st.text("ab1-_/ É", min_size=1, max_size=6)


class Shelf:
    """Stores pages, and numbers names."""

    def __init__(self) -> None:
        self.pages: dict[int, bytes] = {}
        self.numbers: dict[str, int] = {}

    def number_of(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))

    def load(self, page: StoredPage) -> list[EventEntry]:
        return event_entries.unpacked(self.pages[page.id])

    def stored(self, chunk: Chunk) -> Chunk:
        """Return a chunk as it is when it was written and read again."""
        pages = []
        for page in chunk.pages:
            if isinstance(page, NewPage):
                number = len(self.pages)
                self.pages[number] = event_entries.packed(page.entries)
                pages.append(StoredPage(number, page.count, page.first, page.last))
            else:
                pages.append(page)
        facts = Facts.unpacked(chunk.facts(pages).packed())
        return Chunk.of(facts, Names.unpacked(chunk.stored_names().packed()), bytes(chunk.hashes))

    def events(self, chunk: Chunk) -> list[tuple[EventEntry, Kind]]:
        entries = [entry for page in stored_pages(self.stored(chunk)) for entry in self.load(page)]
        return list(zip(entries, chunk.kinds, strict=True))


def stored_pages(chunk: Chunk) -> list[StoredPage]:
    """Return the pages of a chunk that was read, all of which are stored."""
    pages = [page for page in chunk.pages if isinstance(page, StoredPage)]
    assert len(pages) == len(chunk.pages)
    return pages


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_chunks, "PAGE", 3)
    monkeypatch.setattr(event_chunks, "CHUNK", 7)


@settings(max_examples=60)
@given(
    st.lists(ARRIVALS, min_size=1, max_size=5),
    st.dictionaries(st.sampled_from(["a/lib/1/r", "c/x/2/r"]), st.sampled_from(PackageState)),
)
def test_chunks_hold_events_in_order_once_with_their_last_state(
    batches: list[list[Arrival]], states: dict[str, PackageState]
) -> None:
    shelf, chunks = Shelf(), [Chunk.empty()]
    expected: dict[tuple[int, str], tuple[EventEntry, Kind]] = {}
    for batch in batches:
        firsts = [chunk.pages[0].first if chunk.pages else 0 for chunk in chunks]
        for number in reversed(range(len(chunks))):
            own = [
                (entry, state)
                for entry, state in batch
                if max((at for at, first in enumerate(firsts) if first <= entry.time), default=0) == number
            ]
            chunks[number].insert(own, shelf.number_of, shelf.load)
            chunks[number : number + 1] = [shelf.stored(part) for part in chunks[number].split()]
        for entry, state in batch:
            expected.setdefault(entry.order, (entry, Kind.of(entry, state)))
    for chunk in chunks:
        chunk.set_states(states, shelf.numbers, shelf.load)
    for order, (entry, _) in expected.items():
        if entry.ident in states:
            expected[order] = (entry, Kind.of(entry, states[entry.ident]))

    held = [event for chunk in chunks for event in shelf.events(chunk)]
    assert held == [expected[order] for order in sorted(expected)]
    names = list(shelf.numbers)
    assert [names[number] for chunk in chunks for number in chunk.names] == [entry.name for entry, _ in held]
    days = [day for chunk in chunks for day in chunk.days]
    assert days == [entry.time // DAY for entry, _ in held]
    for page in (page for chunk in chunks for page in stored_pages(chunk)):
        entries = shelf.load(page)
        assert page.count <= 3 or len({entry.time for entry in entries[2:]}) == 1


@given(st.lists(st.sampled_from([0, 1, 255, 256, 65_535, 65_536, 2**31]), min_size=1, max_size=20), st.binary())
def test_a_column_returns_its_numbers_and_masks(numbers: list[int], flags: bytes) -> None:
    column = Column.of(numbers)

    assert list(column.numbers) == numbers
    low = [number % 300 for number in numbers]
    padded = (flags + bytes(300))[:300]
    assert Column.of(low).mask(padded) == bytes(padded[number] for number in low)


@given(
    st.lists(
        st.builds(Kind.of, ENTRIES, st.sampled_from(PackageState)),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(["a", "b", ""]),
)
def test_the_flags_of_kinds(kinds: list[Kind], origin: str) -> None:
    facts = Facts.unpacked(Facts.of([], [0] * len(kinds), kinds).packed())

    def sees(kind: Kind) -> bool:
        return kind.channel == "stable" and (kind.origin == origin or kind.requester > 2**40)

    assert facts.kind_of_each == kinds
    assert list(facts.flags(sees)) == [sees(kind) for kind in kinds]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), max_size=6), st.integers(-1, 11), st.integers(-1, 11))
def test_the_positions_of_days(counts: list[tuple[int, int]], first: int, last: int) -> None:
    days = sorted(day for day, count in counts for _ in range(count))
    facts = Facts.of([], days, [Kind("stable", PackageState.PUBLIC)] * len(days))

    start, stop = facts.between(first, last)

    assert days[start:stop] == [day for day in days if first <= day <= last]


@given(st.binary(max_size=60).map(lambda text: bytes(byte & 1 for byte in text)), st.integers(0, 70), st.integers(0, 9))
def test_the_newest_flags(mask: bytes, skipped: int, most: int) -> None:
    positions = [position for position, flag in enumerate(mask) if flag][::-1]

    assert event_columns.newest(mask, 0, len(mask), skipped, most) == positions[skipped : skipped + most]


def test_the_newest_flags_of_many_events() -> None:
    mask = bytes(position % 3 == 0 for position in range(50_000))

    assert event_columns.newest(mask, 0, len(mask), 16_000, 2) == [3 * (16_666 - 16_000), 3 * (16_665 - 16_000)]


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.text("ab1-_", min_size=1, max_size=9), st.text("abAB1-_", min_size=1, max_size=9))),
    WORDS,
    st.booleans(),
)
def test_names_match_as_their_tokens_do(names: list[tuple[str, str]], query: str, common: bool) -> None:
    terms = Terms.parse(query)
    joined = [f"{origin}/{name}" for origin, name in names]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(event_columns, "_FEW", 0 if common else 100)
        flags = event_columns.name_flags(joined, terms)

    assert list(flags) == [terms.match(tokens_of(*name)) for name in names]


def test_a_page_of_usual_events_costs_one_read_unit() -> None:
    entries = [
        EventEntry(
            time,
            f"core/name-{number * 7919 % 900}/{number % 9}.{number % 31}.0/{20240101000000 + number * 104_729}",
            "x86_64-linux",
            "Promote",
            "stable",
            "hab_client",
            2**60 + number % 5,
            f"account-{number % 5}",
        )
        for number, time in enumerate(accumulate(range(0, 150 * 7_000_003, 7_000_003), initial=1_700_000_000_000_000))
    ][:150]

    assert len(event_entries.packed(entries)) < 4_000
    assert event_entries.unpacked(event_entries.packed(entries)) == entries
