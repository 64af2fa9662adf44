"""Writers, folds, rebuilds and readers of one list at once, in random orders, some of them killed.

After every call the stored rows have the right totals, and so has every reader. Queries return few rows per call, so
that the rows of a log or list change while they are read.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest

from chalicelib.catalog.lists import counted_lists, list_folding
from chalicelib.core.lists import list_blocks
from chalicelib.core.shown import Shown
from chalicelib.platform.change import Stale
from tests.builders.counted_lists import IDENTS, CountedOrigin, a_clock, few_rows_per_query
from tests.builders.histories import Histories, histories

HISTORIES = int(os.environ.get("LIST_HISTORIES", "40"))
ENTRIES = [f"{name}/{version}/{release}" for name in "abc" for version in "12" for release in "12"]
ROWS_PER_CALL = 3
SECONDS_PER_CALL = 0.01

rebuild = list_folding.rebuild


class History:
    """The clients of one list, and what its rows showed after each call."""

    def __init__(self, seed: random.Random, advance: Callable[[float], None]) -> None:
        self.origin = CountedOrigin()
        self.seed = seed
        self.folded = 0
        self._advance = advance
        self._truths: list[tuple[frozenset[str], frozenset[str]]] = []
        self.after_each_call()

    def after_each_call(self) -> None:
        """Let time pass, and compare the stored rows."""
        self._advance(SECONDS_PER_CALL)
        truth = self.origin.truth
        assert self.origin.stored_blocks == counts(self.origin, truth)
        public = frozenset(key for key, shown in truth.items() if shown is Shown.EVERYONE)
        self._truths.append((frozenset(truth), public))

    def write(self, changes: list[tuple[str, Shown]]) -> None:
        """Change entries one after the other."""
        for entry, shown in changes:
            self.origin.try_to_set(entry, shown)

    def fold(self, times: int) -> None:
        """Fold several times."""
        for _ in range(times):
            list_folding.fold(self.origin.name)
            self.folded += 1

    def rebuild(self) -> None:
        """Make the index again, unless another client is faster."""
        with suppress(Stale):
            rebuild(self.origin.name, IDENTS)

    def read(self, times: int) -> None:
        """Read totals. They are between the entries that existed all the time and those that existed at any time."""
        for _ in range(times):
            began = len(self._truths) - 1
            totals = self.origin.totals
            seen = self._truths[began:]
            for total, sets in zip(totals, zip(*seen, strict=True), strict=True):
                assert len(frozenset.intersection(*sets)) <= total <= len(frozenset.union(*sets))


def counts(origin: CountedOrigin, truth: dict[str, Shown]) -> list[tuple[str, int, int]]:
    """Return the counts of each block that follow from the rows."""
    blocks = origin.blocks
    firsts = [first for first, _, _ in blocks]
    spans = [list_blocks.Span(first, end) for first, end in zip(firsts, [*firsts[1:], None], strict=True)]
    within = [[shown for key, shown in truth.items() if key in span] for span in spans]
    return [(span.first, len(each), each.count(Shown.EVERYONE)) for span, each in zip(spans, within, strict=True)]


@pytest.fixture(scope="module")
def running(table: None) -> Iterator[Histories]:
    """Clients in turns, short blocks, and times that fit the length of a history."""
    with histories() as several, pytest.MonkeyPatch.context() as patch:
        few_rows_per_query(patch, ROWS_PER_CALL)
        patch.setattr(list_blocks, "BLOCK_ENTRIES", 3)
        patch.setattr(list_folding, "SETTLED", timedelta(milliseconds=20))
        patch.setattr(list_folding, "DELETED_WITHIN", timedelta(seconds=0.5))
        patch.setattr(counted_lists, "READ_WITHIN", timedelta(seconds=1))
        patch.setattr(list_folding, "KEPT", timedelta(seconds=4))
        patch.setattr(list_folding, "PAUSE", timedelta(seconds=1))
        patch.setattr(list_folding, "rebuild", lambda *_: pytest.fail("no index is wrong"))
        yield several


@pytest.mark.parametrize("number", range(HISTORIES))
def test_totals_are_right_after_every_call_of_writers_folds_and_readers(running: Histories, number: int) -> None:
    with a_clock() as time:
        seed = random.Random(number)
        history = History(seed, time.advance)
        changes = [(seed.choice(ENTRIES), seed.choice(list(Shown))) for _ in range(60)]
        clients: list[Callable[[], None]] = [partial(history.write, changes[i::4]) for i in range(4)]
        clients += [partial(history.fold, 8)] * 2 + [partial(history.read, 5)] * 2 + [history.rebuild] * (number % 2)

        running.run(seed, clients, history.after_each_call, killed=0.2 * (number % 3))

        time.advance(2)
        list_folding.fold(history.origin.name)
        assert history.origin.totals == history.origin.truth_totals
        assert history.origin.log == []
