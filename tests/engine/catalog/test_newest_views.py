"""Views of the newest releases: made while the channel changes, kept by folds, and deleted when they are old."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.catalog import newest_views
from chalicelib.catalog.lists import counted_lists, list_folding, list_rows
from chalicelib.catalog.lists.list_rows import EntryChange, ListChangeRow
from chalicelib.channels import newest_of_all
from chalicelib.core.lists.included_changes import IncludedChanges
from chalicelib.core.newest_names import NewestNames
from chalicelib.core.shown import Shown
from chalicelib.core.target import Target
from chalicelib.platform import clock
from chalicelib.platform.table import put_many
from tests.builders.counted_lists import ABSENT, EVERYONE, MEMBERS, Clock
from tests.builders.newest_channels import CHANNEL, LINUX, NewestChannel

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def channel(time: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[NewestChannel]:
    """A channel with one package, which gets a view."""
    monkeypatch.setattr(newest_of_all, "FEW_PACKAGES", 0)
    several = NewestChannel()
    several.set("a/1/1", EVERYONE)
    yield several


def fold(channel: NewestChannel, time: Clock) -> None:
    time.advance(1)
    list_folding.fold(channel.origin)


def stored(channel: NewestChannel, seen_by: Shown = EVERYONE) -> dict[str, str]:
    names = channel.stored
    assert names is not None
    return {name: f"{version}/{release}" for name, version, release in names.visible(seen_by)}


def log_length(channel: NewestChannel) -> int:
    return len(counted_lists.log_of(channel.origin).changes)


def test_the_first_reader_makes_the_view_and_folds_keep_it(channel: NewestChannel, time: Clock) -> None:
    assert channel.read(EVERYONE) == {"a": "1/1"}

    channel.set("a/2/1", EVERYONE)
    channel.set("a/3/1", MEMBERS)
    assert channel.read(EVERYONE) == {"a": "2/1"}
    assert channel.read(MEMBERS) == {"a": "3/1"}
    fold(channel, time)

    assert log_length(channel) == 0
    assert stored(channel) == {"a": "2/1"}
    assert stored(channel, MEMBERS) == {"a": "3/1"}


def test_a_fold_writes_no_view_that_nobody_has_read(channel: NewestChannel, time: Clock) -> None:
    fold(channel, time)

    assert channel.stored_view is None
    assert log_length(channel) == 0


def test_while_a_view_is_made_folds_leave_its_changes_in_the_log(
    channel: NewestChannel, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = newest_views.write

    def change_and_write(*args: Any) -> bool:
        channel.set("a/2/1", EVERYONE)  # the rows have been read already
        fold(channel, time)
        return write(*args)

    monkeypatch.setattr(newest_views, "write", change_and_write)
    channel.read(EVERYONE)

    assert stored(channel) == channel.read(EVERYONE) == {"a": "2/1"}


def test_a_maker_that_is_too_slow_writes_nothing(channel: NewestChannel, time: Clock) -> None:
    paused = newest_views.pause(channel.origin, CHANNEL, LINUX, None)
    assert paused is not None
    assert newest_views.pause(channel.origin, CHANNEL, LINUX, channel.stored_view) is None
    time.advance(newest_views.PAUSE.total_seconds() + 1)

    fold(channel, time)

    assert log_length(channel) == 0
    assert channel.stored_view is None
    names, included = NewestNames(), IncludedChanges()
    assert not newest_views.write(paused, names, included)


def test_a_new_view_includes_the_changes_in_the_log(channel: NewestChannel, time: Clock) -> None:
    note(channel, ABSENT, EVERYONE)  # it has left since, by a change that left the log before this one

    assert channel.read(EVERYONE) == channel.read(EVERYONE) == {"a": "1/1"}


def test_a_release_that_left_does_not_come_back_with_a_change_of_a_clock_that_is_ahead(channel: NewestChannel) -> None:
    note(channel, EVERYONE, ABSENT)
    assert channel.read(EVERYONE) == {"a": "1/1"}

    note(channel, ABSENT, EVERYONE)  # committed before the other, but found after it

    assert channel.read(EVERYONE) == {"a": "1/1"}


def note(channel: NewestChannel, before: Shown, after: Shown) -> None:
    """Add a change of a release to the log, which the rows have reflected already."""
    entry = EntryChange(list_rows.channel_list(CHANNEL), f"a/2/1\x1f{LINUX}", before, after)
    key = list_rows.change_key(channel.origin, clock.new_id())
    put_many([ListChangeRow(key.pk, key.sk, changes=list_rows.stored_changes([entry]))])


def test_a_new_view_includes_the_changes_that_a_slow_reader_has_found_in_the_log(
    channel: NewestChannel, time: Clock
) -> None:
    channel.set("a/2/1", EVERYONE)
    log = counted_lists.log_of(channel.origin)
    fold(channel, time)
    channel.set("a/2/1", ABSENT)
    fold(channel, time)
    channel.read(EVERYONE)

    request = newest_of_all._Request(channel.origin, CHANNEL, LINUX, EVERYONE)
    names = newest_of_all._names(request, log, channel.stored_view)

    assert list(names.visible(EVERYONE)) == [("a", "1", "1")]


def test_a_reader_that_was_slow_reads_the_log_again(channel: NewestChannel, time: Clock) -> None:
    channel.read(EVERYONE)
    channel.set("a/2/1", EVERYONE)
    log = counted_lists.log_of(channel.origin)
    fold(channel, time)
    channel.set("a/2/1", ABSENT)
    fold(channel, time)
    time.advance(2)
    channel.read(EVERYONE)  # finds the newest release of `a` and writes it
    time.advance(newest_views.KEPT.total_seconds())
    channel.set("b/1/1", EVERYONE)
    fold(channel, time)  # the view forgets the changes of `a`

    request = newest_of_all._Request(channel.origin, CHANNEL, LINUX, EVERYONE)
    names = newest_of_all._names(request, log, channel.stored_view)

    assert list(names.visible(EVERYONE)) == [("a", "1", "1"), ("b", "1", "1")]


def test_a_fold_deletes_an_old_view(channel: NewestChannel, time: Clock) -> None:
    channel.read(EVERYONE)
    time.advance(newest_views.LIFE.total_seconds() + 1)
    channel.set("a/2/1", EVERYONE)

    fold(channel, time)

    assert channel.stored_view is None
    assert log_length(channel) == 0
    assert channel.read(EVERYONE) == {"a": "2/1"}


def test_changes_of_other_targets_do_not_touch_the_view(channel: NewestChannel, time: Clock) -> None:
    channel.read(EVERYONE)
    fold(channel, time)
    before = channel.stored_view
    channel.set("a/2/1", EVERYONE, Target.X86_64_WINDOWS)

    fold(channel, time)

    assert before is not None and channel.stored_view is not None
    assert channel.stored_view.version == before.version
    assert channel.read(EVERYONE) == {"a": "1/1"}
    assert timedelta(0) < newest_views.KEPT == list_folding.KEPT
