"""Pages of a counted list: their rows, and their calls and units however long the list is."""

import random
from collections.abc import Iterator

import pytest

from chalicelib.catalog.lists import counted_lists, list_folding, list_pages
from chalicelib.catalog.lists.listed_rows import listed_rows
from chalicelib.core.shown import Shown
from chalicelib.platform.table import Found, read_many
from tests.builders.counted_lists import ABSENT, EVERYONE, IDENTS, MEMBERS, CountedOrigin, a_clock
from tests.perf.recording import Recorder, recorded_calls

SIZE = 50


@pytest.fixture
def origin(table: None) -> CountedOrigin:
    """An origin without entries."""
    return CountedOrigin()


def page(
    origin: CountedOrigin, prefix: str, offset: int, member: bool, descending: bool = False, size: int | None = SIZE
) -> tuple[list[str], int]:
    """Return the keys of a page, and the total."""
    log = counted_lists.log_of(origin.name)
    found: Found = read_many([counted_lists.index_key(origin.name, IDENTS)])
    counted = counted_lists.counted(log, IDENTS, found.get(counted_lists.index_key(origin.name, IDENTS)))
    stored = listed_rows(origin.name, IDENTS)
    rows, total = list_pages.page(stored, counted, prefix, offset, size, member=member, descending=descending)
    return [row.sk for row in rows], total


def entries(count: int, names: int, public: float = 0.7) -> dict[str, Shown]:
    """Return entries of some names, each with a few versions, and one name with a long version."""
    drawn = random.Random(count)
    some = {
        f"package-{drawn.randrange(names):05}/{drawn.randrange(4)}.{drawn.randrange(9)}.0/{20260101000000 + number}": (
            EVERYONE if drawn.random() < public else MEMBERS
        )
        for number in range(count * 4 // 5)
    }
    long = {f"package-long/1.0.0/{20260101000000 + number}": EVERYONE for number in range(count // 5)}
    return {**some, **long}


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("member", [False, True])
def test_pages_are_parts_of_the_whole_list(origin: CountedOrigin, member: bool, descending: bool) -> None:
    origin.load(entries(2_000, names=30))
    for number in range(40):
        origin.set(f"package-{number:05}/0.0.1/1", EVERYONE if number % 2 else MEMBERS)
    truth = [key for key, shown in origin.truth.items() if member or shown is EVERYONE]

    for prefix in [
        "",
        "package-00007/",
        "package-long/",
        "package-long/1.0.0/",
        "package-none/",
        "package-00007/0.0.1/",
    ]:
        below = [key for key in (reversed(truth) if descending else truth) if key.startswith(prefix)]
        for offset in [0, 1, 77, 300, len(below) - 1, len(below), 5_000]:
            assert page(origin, prefix, max(0, offset), member, descending) == (
                below[max(0, offset) : max(0, offset) + SIZE],
                len(below),
            )
        assert page(origin, prefix, 10, member, descending, size=None) == (below[10:], len(below))


def test_an_entry_at_the_end_of_a_page_that_begins_the_next_block_is_left_out(origin: CountedOrigin) -> None:
    origin.load({f"{number:03}": EVERYONE for number in range(600)})

    assert page(origin, "", 0, member=True, descending=True, size=600)[0] == sorted(origin.truth, reverse=True)


def measured(origin: CountedOrigin, prefix: str, offset: int, member: bool, descending: bool) -> Recorder:
    """Measure one page."""
    with recorded_calls() as recorder:
        keys, total = page(origin, prefix, offset, member, descending)
    assert len(keys) == min(SIZE, total - offset)
    return recorder


@pytest.fixture(scope="module", params=[10_000, 100_000])
def large(table: None, request: pytest.FixtureRequest) -> Iterator[CountedOrigin]:
    """A long list with a log of 64 changes."""
    origin = CountedOrigin()
    origin.load(entries(request.param, names=request.param // 8))
    for number in range(64):
        origin.set(f"package-{number:05}/9.9.9/1", EVERYONE)
    yield origin


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("member", [False, True])
@pytest.mark.parametrize(
    ("prefix", "part"), [("", 0.0), ("", 0.4), ("", 1.0), ("package-long/", 0.5), ("package-long/1.0.0/", 1.0)]
)
def test_a_page_takes_few_calls_and_units(
    large: CountedOrigin, prefix: str, part: float, member: bool, descending: bool
) -> None:
    total = page(large, prefix, 0, member)[1]

    cost = measured(large, prefix, int(part * (total - SIZE)), member, descending)

    assert len(cost.exchanges) == 3
    assert cost.read_units <= 20


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("shown", [1, 60])
def test_hidden_entries_are_not_read(table: None, shown: int, descending: bool) -> None:
    origin = CountedOrigin()
    keys = sorted(entries(20_000, names=2_500))
    step = len(keys) // shown
    public = keys[step // 2 :: step][:shown]
    origin.load(dict.fromkeys(keys, MEMBERS) | dict.fromkeys(public, EVERYONE))
    expected = public[::-1] if descending else public

    with recorded_calls() as cost:
        found = page(origin, "", 0, member=False, descending=descending)

    assert found == (expected[:SIZE], shown)
    assert len(cost.exchanges) <= 2 + min(SIZE, shown)
    assert cost.read_units <= 4 + 10 * min(SIZE, shown)


def test_a_fold_takes_few_calls(large: CountedOrigin) -> None:
    with a_clock() as time:
        for number in range(64):
            large.set(f"package-{number:05}/9.9.8/1", ABSENT if number % 2 else EVERYONE)
        time.advance(1)
        log = large.log
        with recorded_calls() as cost:
            list_folding.fold(large.name)

    assert cost.operations == {"Query": 1, "BatchGetItem": 1, "PutItem": 1, "BatchWriteItem": len(log) // 25 + 1}
    assert cost.read_units <= 10
    assert cost.write_units <= len(log) + 10
