"""Many threads write to one list while others fold and read it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib.catalog.lists import list_changes, list_folding
from chalicelib.core.lists import list_blocks
from chalicelib.core.shown import Shown
from tests.builders.counted_lists import ABSENT, EVERYONE, MEMBERS, CountedOrigin

WRITERS, WRITES = 64, 3


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fold soon and often, and split short blocks."""
    monkeypatch.setattr(list_blocks, "BLOCK_ENTRIES", 16)
    monkeypatch.setattr(list_changes, "FOLDED_EVERY", 16)
    monkeypatch.setattr(list_folding, "SETTLED", timedelta(milliseconds=5))
    monkeypatch.setattr(list_folding, "rebuild", lambda *_: pytest.fail("no index is wrong"))


def test_64_writers_of_one_list_do_not_meet(table: None) -> None:
    origin = CountedOrigin()
    is_over = False

    def write(writer: int) -> None:
        for number in range(WRITES):
            shown: Shown = (EVERYONE, MEMBERS, ABSENT)[(writer + number) % 3]
            entry = f"name-{number}/1.{writer}/1"
            for each in (MEMBERS, shown):
                list_folding.fold_if_due(origin.name, origin.set(entry, each))

    def read() -> list[tuple[int, int]]:
        seen = []
        while not is_over:
            seen.append(origin.totals)
        return seen

    with ThreadPoolExecutor(WRITERS + 2) as threads:
        readers = [threads.submit(read) for _ in range(2)]
        for done in [threads.submit(write, writer) for writer in range(WRITERS)]:
            done.result()
        is_over = True
        seen = [totals for reader in readers for totals in reader.result()]

    assert all(0 <= public <= entries <= WRITERS * WRITES for entries, public in seen)
    assert origin.totals == origin.truth_totals == (WRITERS * WRITES * 2 // 3, WRITERS * WRITES // 3)
    while origin.log:
        list_folding.fold(origin.name)
    assert origin.totals == origin.truth_totals
