"""Writers, folds and readers of the newest releases of a channel at once, in random orders, some of them killed.

After every call, the view and the log together have the right release of each name, or say that it is unknown. Every
reader finds releases that were the newest while it read. Queries return few rows per call, and clocks differ.
"""

import os
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest

from chalicelib.catalog import newest_views
from chalicelib.catalog.lists import counted_lists, list_changes, list_folding
from chalicelib.channels import newest_of_all
from chalicelib.core.shown import Shown
from chalicelib.platform import clock
from tests.builders.counted_lists import a_clock, few_rows_per_query
from tests.builders.histories import Histories, histories
from tests.builders.newest_channels import CHANNEL, LINUX, NewestChannel

HISTORIES = int(os.environ.get("LIST_HISTORIES", "40"))
RELEASES = [f"{name}/{version}/1" for name in "ab" for version in ("1", "1.1")]
ROWS_PER_CALL = 3
SECONDS_PER_CALL = 0.01
SKEW = timedelta(milliseconds=200)
SEEN_BY = (Shown.MEMBERS, Shown.EVERYONE)


class History:
    """The clients of one channel, and what its rows showed after each call."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        self.channel = NewestChannel()
        self._advance = advance
        self._truths: list[dict[Shown, dict[str, str]]] = []
        self.after_each_call()

    def after_each_call(self) -> None:
        """Let time pass, and compare the stored view."""
        self._advance(SECONDS_PER_CALL)
        truth = self.channel.truth
        stored = self.channel.stored
        if stored is not None:
            for seen_by in SEEN_BY:
                shown = {name: f"{version}/{release}" for name, version, release in stored.visible(seen_by)}
                unknown = set(stored.unknown(seen_by))
                assert shown == {name: newest for name, newest in truth[seen_by].items() if name not in unknown}
        self._truths.append(truth)

    def write(self, changes: list[tuple[str, Shown]]) -> None:
        """Change releases one after the other."""
        for release, shown in changes:
            self.channel.try_to_set(release, shown)

    def fold(self, times: int) -> None:
        """Fold several times."""
        for _ in range(times):
            list_folding.fold(self.channel.origin)

    def remove_view(self, times: int) -> None:
        """Delete the view several times, so that readers make it again."""
        for _ in range(times):
            newest_views.remove(self.channel.origin, CHANNEL, [LINUX])

    def read(self, seen_by: Shown, times: int) -> None:
        """Read the newest releases. Each was the newest at some time since reading began."""
        for _ in range(times):
            began = len(self._truths) - 1
            found = self.channel.read(seen_by)
            for name in "ab":
                assert found.get(name) in [truth[seen_by].get(name) for truth in self._truths[began:]]


@pytest.fixture(scope="module")
def running(table: None) -> Iterator[Histories]:
    """Clients in turns, clocks that differ, and times that fit the length of a history."""
    with histories() as several, pytest.MonkeyPatch.context() as patch:
        few_rows_per_query(patch, ROWS_PER_CALL)
        patch.setattr(list_folding, "SETTLED", timedelta(milliseconds=20))
        patch.setattr(list_folding, "DELETED_WITHIN", timedelta(seconds=0.5))
        patch.setattr(newest_views, "INCLUDED_AGAIN_AFTER", timedelta(seconds=0.25))
        patch.setattr(counted_lists, "READ_WITHIN", timedelta(seconds=1))
        patch.setattr(list_folding, "KEPT", timedelta(seconds=4))
        patch.setattr(newest_views, "KEPT", timedelta(seconds=4))
        patch.setattr(newest_views, "PAUSE", timedelta(seconds=1))
        patch.setattr(newest_of_all, "FEW_PACKAGES", 0)
        patch.setattr(newest_of_all, "RESOLVED_AT_MOST", 1)
        patch.setattr(newest_of_all, "WRITTEN_EVERY", timedelta(0))
        yield several


@pytest.mark.parametrize("number", range(HISTORIES))
def test_the_newest_releases_are_right_after_every_call(
    running: Histories, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    seed = random.Random(number)
    skew = SKEW * (number % 4 == 3)
    monkeypatch.setattr(list_changes, "new_id", lambda: clock.new_id(clock.now() + skew * (seed.random() - 0.5)))
    with a_clock() as time:
        history = History(time.advance)
        changes = [(seed.choice(RELEASES), seed.choice(list(Shown))) for _ in range(60)]
        clients: list[Callable[[], None]] = [partial(history.write, changes[i::4]) for i in range(4)]
        clients += [partial(history.fold, 8)] * 2
        clients += [partial(history.remove_view, 6)]
        clients += [partial(history.read, seen_by, 5) for seen_by in SEEN_BY * 2]

        running.run(seed, clients, history.after_each_call, killed=0.2 * (number % 3))

        for _ in range(2):
            time.advance(2)
            list_folding.fold(history.channel.origin)
        assert {seen_by: history.channel.read(seen_by) for seen_by in SEEN_BY} == history.channel.truth
        assert list(counted_lists.log_of(history.channel.origin).changes) == []
