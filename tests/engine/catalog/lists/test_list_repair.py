"""Indexes of lists are made again from the rows, and removed with their lists."""

import pytest

from chalicelib.catalog.lists import counted_lists, list_folding, list_rows
from chalicelib.core.lists import list_blocks
from chalicelib.platform.table import put_many
from tests.builders.counted_lists import ABSENT, EVERYONE, IDENTS, MEMBERS, Clock, CountedOrigin, after, fold

pytestmark = pytest.mark.usefixtures("table")


def test_a_rebuild_makes_the_index_from_the_rows(origin: CountedOrigin, time: Clock) -> None:
    origin.add_releases(20)
    fold(origin, time)
    origin.set("a/1/3", MEMBERS)
    origin.set("a/1/4", ABSENT)
    damage(origin)
    assert origin.totals != origin.truth_totals

    list_folding.rebuild(origin.name, IDENTS)

    assert origin.totals == origin.truth_totals == (19, 18)
    fold(origin, time)
    assert origin.totals == (19, 18)


def test_a_list_without_an_index_is_rebuilt(origin: CountedOrigin, time: Clock) -> None:
    origin.add_releases(20)

    list_folding.rebuild(origin.name, IDENTS)

    assert origin.totals == (20, 20)
    fold(origin, time)
    assert origin.totals == (20, 20)


def test_folds_leave_a_list_alone_while_it_is_rebuilt(origin: CountedOrigin, time: Clock) -> None:
    origin.set("a/1/1", EVERYONE)
    list_folding._paused(origin.name, IDENTS)

    fold(origin, time)

    assert len(origin.log) == 1
    time.advance(200)
    fold(origin, time)
    assert origin.log == []
    assert origin.totals == (1, 1)


def test_a_fold_repairs_counts_that_cannot_be(origin: CountedOrigin, time: Clock) -> None:
    origin.set("a/1/1", EVERYONE)
    fold(origin, time)
    damage(origin)
    origin.set("a/1/1", ABSENT)

    fold(origin, time)

    assert origin.totals == origin.truth_totals == (0, 0)


def damage(origin: CountedOrigin) -> None:
    """Store an index that has lost its counts."""
    key = counted_lists.index_key(origin.name, IDENTS)
    blocks, included = list_blocks.Blocks().packed(), origin.included.packed()
    put_many([list_rows.ListIndexRow(key.pk, key.sk, version=5, blocks=blocks, included=included)])


def test_the_index_of_an_empty_list_is_removed_when_no_reader_needs_it(origin: CountedOrigin, time: Clock) -> None:
    origin.set("a/1/1", EVERYONE)
    fold(origin, time)
    time.advance(60)
    assert not list_folding.remove(origin.name, IDENTS), "it has an entry"
    origin.set("a/1/1", ABSENT)
    assert not list_folding.remove(origin.name, IDENTS), "the index does not include the last change"
    fold(origin, time)
    assert not list_folding.remove(origin.name, IDENTS), "a reader may have the change"
    time.advance(60)

    assert list_folding.remove(origin.name, IDENTS)

    assert origin.stored_index is None
    assert list_folding.remove(origin.name, IDENTS)
    origin.set("b/1/1", EVERYONE)
    assert origin.totals == (1, 1)


def test_an_index_that_changes_is_not_removed(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shown in (EVERYONE, ABSENT):
        origin.set("a/1/1", shown)
    fold(origin, time)
    time.advance(60)

    def add() -> None:
        origin.set("b/1/1", EVERYONE)
        fold(origin, time)

    with monkeypatch.context() as patch:
        after(patch, "GetItem", add)
        assert not list_folding.remove(origin.name, IDENTS)

    assert origin.totals == (1, 1)
