"""The summaries of origins are exact for every reader, while writers and folds continue."""

import os
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest

from chalicelib.catalog import origin_rows, origin_summaries, summary_rows
from chalicelib.catalog.origin_rows import OriginRow
from chalicelib.catalog.summary_rows import Summary
from chalicelib.core.lists.included_changes import IncludedChanges
from chalicelib.platform import clock
from chalicelib.platform.change import Change
from chalicelib.platform.table import read, rows
from tests.builders.counted_lists import Clock, a_clock, few_rows_per_query
from tests.builders.histories import histories
from tests.builders.names import a_name
from tests.builders.rows import partition_rows, row_at

HISTORIES = int(os.environ.get("LIST_HISTORIES", "40"))

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def time() -> Iterator[Clock]:
    """The time of the service."""
    with a_clock() as moved:
        yield moved


def set_owner(origin: str, owner: int) -> None:
    """Write the row of an origin, or delete it if the owner is 0."""
    key = origin_rows.origin_key(origin)
    with Change() as change:
        if owner:
            fields = {"owner_name": "bobo", "default_package_visibility": "public", "created_at": "now"}
            change.put(OriginRow(key.pk, key.sk, id=1, owner_id=owner, **fields))
        else:
            change.delete(key)
        origin_summaries.note_origin(change, origin)


def add_settings(origin: str, added: int) -> None:
    """Note some settings."""
    with Change() as change:
        origin_summaries.note_settings(change, origin, added)


def fold(time: Clock) -> None:
    """Fold when all changes have settled."""
    time.advance(1)
    origin_summaries.fold()


def read_one(origin: str) -> Summary | None:
    """Return the summary of an origin as a reader finds it."""
    return origin_summaries.current().of([origin]).get(origin)


def log_of(origin: str) -> list[str]:
    return [sk for sk, row in partition_rows(summary_rows.LOG).items() if row["origin"] == origin]


def test_changes_are_seen_at_once_and_after_a_fold(time: Clock) -> None:
    origin = a_name("origin")
    assert read_one(origin) is None
    for owner, added in ((1, 1), (2, 2), (2, -1)):
        set_owner(origin, owner)
        add_settings(origin, added)
        settings = {1: 1, 2: 3, -1: 2}[added]
        assert read_one(origin) == Summary(owner, "now", "public", settings)
        fold(time)
        assert read_one(origin) == Summary(owner, "now", "public", settings)
        assert log_of(origin) == []


def test_a_deleted_origin_has_no_summary(time: Clock) -> None:
    origin = a_name("origin")
    set_owner(origin, 1)
    fold(time)

    set_owner(origin, 0)
    assert read_one(origin) is None
    fold(time)

    assert read_one(origin) is None
    shard = read(summary_rows.summaries_key(summary_rows.shard_of(origin)))
    assert shard is not None
    assert origin not in summary_rows.unpacked(shard.content)


def test_a_process_reads_summaries_that_another_has_written(time: Clock) -> None:
    origin = a_name("origin")
    set_owner(origin, 1)
    fold(time)
    earlier = dict(origin_summaries._cache)
    set_owner(origin, 2)
    fold(time)

    for kept in (earlier, {}):
        origin_summaries._cache.clear()
        origin_summaries._cache.update(kept)
        assert read_one(origin) == Summary(2, "now", "public", 0)


def test_a_fold_leaves_young_changes(time: Clock) -> None:
    origin = a_name("origin")
    set_owner(origin, 1)

    origin_summaries.fold()

    assert len(log_of(origin)) == 1


def test_a_fold_takes_many_changes_in_parts(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin_summaries, "CHANGES_AT_ONCE", 3)
    origin = a_name("origin")
    set_owner(origin, 1)
    for _ in range(6):
        add_settings(origin, 1)

    while log_of(origin):
        fold(time)

    assert read_one(origin) == Summary(1, "now", "public", 6)


def test_a_reader_of_a_long_log_folds(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin_summaries, "LONG_LOG", 0)
    origin = a_name("origin")
    set_owner(origin, 1)
    time.advance(1)

    read_one(origin)

    assert log_of(origin) == []


class History:
    """The clients of one origin, and its true state after each call."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        self.origin = a_name("origin")
        self._advance = advance
        self._settings = 0
        self._truths: list[tuple[int, int]] = []
        self.after_each_call()

    @property
    def truth(self) -> tuple[int, int]:
        """The owner, and the number of settings that follows from the log and the summary."""
        row = row_at(origin_rows.origin_partition(self.origin), "ORIGIN")
        return 0 if row is None else int(row["owner_id"]), self._counted

    @property
    def _counted(self) -> int:
        key = summary_rows.summaries_key(summary_rows.shard_of(self.origin))
        row, included, settings = row_at(key.pk, key.sk), IncludedChanges(), 0
        head = row_at(key.pk, "HEAD")
        if row is not None and head is not None:
            assert head["version"] == row["version"]
            included = IncludedChanges.unpacked(head["included"])
            settings = summary_rows.unpacked(row["content"]).get(self.origin, Summary()).settings
        log = partition_rows(summary_rows.LOG).items()
        changes = [
            int(each["settings"]) for sk, each in log if each["origin"] == self.origin and int(sk) not in included
        ]
        return settings + sum(changes)

    def after_each_call(self) -> None:
        """Let time pass. The number of settings changes by what one client adds."""
        self._advance(0.01)
        if self._truths:
            assert abs(self.truth[1] - self._truths[-1][1]) <= 1
        self._truths.append(self.truth)

    def write(self, owners: list[int]) -> None:
        """Write the row of the origin several times, and add settings."""
        for owner in owners:
            set_owner(self.origin, owner)
            add_settings(self.origin, 1)
            self._settings += 1

    def fold(self, times: int) -> None:
        """Fold several times."""
        for _ in range(times):
            origin_summaries.fold()

    def read(self, times: int) -> None:
        """Read the summary: each value was true since reading began."""
        for _ in range(times):
            began = len(self._truths) - 1
            origin_summaries._cache.clear()
            found = read_one(self.origin)
            seen = self._truths[began:]
            assert (0 if found is None else found.owner_id) in {owner for owner, _ in seen}
            if found is not None:
                assert seen[0][1] <= found.settings <= seen[-1][1]

    def assert_counted(self, at_least: int, at_most: int) -> None:
        """Check that no change was lost or counted twice."""
        assert at_least <= self.truth[1] <= at_most


@pytest.mark.parametrize("number", range(HISTORIES))
def test_summaries_are_right_for_every_reader(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with histories() as running, a_clock() as time, monkeypatch.context() as patch:
        few_rows_per_query(patch, 3)
        patch.setattr(origin_summaries, "SETTLED", timedelta(milliseconds=20))
        patch.setattr(origin_summaries, "DELETED_WITHIN", timedelta(seconds=0.5))
        patch.setattr(origin_summaries, "READ_WITHIN", timedelta(seconds=1))
        patch.setattr(origin_summaries, "KEPT", timedelta(seconds=4))
        seed = random.Random(number)
        history = History(time.advance)
        killed = 0.2 * (number % 3)
        clients: list[Callable[[], None]] = [
            partial(history.write, [seed.randrange(1, 9) for _ in range(12)]) for _ in range(3)
        ]
        clients += [partial(history.fold, 8)] * 2 + [partial(history.read, 6)] * 2

        running.run(seed, clients, history.after_each_call, killed=killed)

        history.assert_counted(history._settings, 36 if killed == 0 else history._settings + 3)
        for _ in range(2):
            time.advance(2)
            origin_summaries.fold()
        assert log_of(history.origin) == []
        found = read_one(history.origin)
        assert history.truth == (0 if found is None else found.owner_id, history.truth[1])
        assert not list(rows(summary_rows.SummaryChangeRow, summary_rows.LOG))
        assert clock.now()
