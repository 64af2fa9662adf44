"""The index of all names: its log, its snapshots, and its copy in each process (`packages/search`)."""

import itertools
import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.catalog import name_log, name_rows
from chalicelib.catalog.name_rows import NameRow
from chalicelib.core.search.name_index import NameIndex
from chalicelib.core.search.name_table import Name
from chalicelib.core.shown import Shown
from chalicelib.packages.search import cached_index, snapshots
from chalicelib.packages.search import rows as search_rows
from chalicelib.platform import change as change_module
from chalicelib.platform import clock
from chalicelib.platform.change import Change
from chalicelib.platform.table import StoreUnavailable
from chalicelib.scheduled import name_log_upkeep
from chalicelib.scheduled.name_log_upkeep import maintain_name_log
from tests.builders.engine import empty_engine
from tests.builders.rows import partition_rows
from tests.perf.calls import counted_calls

HISTORIES = int(os.environ.get("NAME_HISTORIES", "30"))


class Depot:
    """Names as their writers know them."""

    def __init__(self) -> None:
        self.shown: dict[Name, Shown] = {}
        self._last: dict[Name, int] = {}

    def write(self, name: str, shown: Shown = Shown.EVERYONE, origin: str = "core") -> None:
        """Change a name as a step does."""
        with self.change(name, shown, origin):
            pass

    def change(self, name: str, shown: Shown, origin: str = "core") -> Change:
        """Return the transaction that changes a name, not yet committed."""
        change, key = Change(), (name, origin)
        self._last[key] = name_log.note(change, origin, name, shown, self._last.get(key))
        change.update(name_rows.name_key(origin, name), [NameRow.log_id.set(self._last[key])])
        self.shown[key] = shown
        return change

    @property
    def visible(self) -> dict[Name, Shown]:
        """The names with packages."""
        return {name: shown for name, shown in self.shown.items() if shown}


@pytest.fixture
def depot(table: None) -> Iterator[Depot]:
    """An empty depot."""
    empty_engine()
    yield Depot()
    empty_engine()


class Later:
    """Clocks that can be put forward."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._by = timedelta()
        real = clock.now
        for module in (clock, name_log, cached_index, name_log_upkeep):
            patch.setattr(module, "now", lambda: real() + self._by)

    def by(self, **duration: float) -> None:
        """Put the clocks forward."""
        self._by += timedelta(**duration)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    return Later(monkeypatch)


def never() -> bool:
    return False


def names(index: NameIndex) -> dict[Name, Shown]:
    """The names with packages in an index."""
    return {name: shown for table in index._tables for name, shown in table.items() if shown}


def cold() -> dict[Name, Shown]:
    """The names as a process that starts reads them."""
    cached_index.forget()
    return names(cached_index.current())


def warm() -> dict[Name, Shown]:
    """The names as a process reads them that has read them before."""
    return names(cached_index.current())


def calls_of(read: Callable[[], object]) -> dict[str, int]:
    """The calls of a read."""
    with counted_calls() as calls:
        read()
    return dict(calls)


def test_an_empty_depot_has_no_names(depot: Depot) -> None:
    assert cold() == warm() == {}
    assert calls_of(cold) == {"BatchGetItem": 1, "Query": 1}


def test_every_process_finds_a_change_at_once(depot: Depot) -> None:
    assert warm() == {}
    for shown in (Shown.MEMBERS, Shown.EVERYONE, Shown.ABSENT, Shown.EVERYONE):
        depot.write("curl", shown)

        assert warm() == depot.visible
    assert cold() == depot.visible


def test_a_warm_process_makes_one_call_and_reads_only_the_new_part_of_the_log(
    depot: Depot, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        depot.write(f"old-{number}")
    warm()
    later.by(minutes=1)
    warm()
    depot.write("new")
    read: list[str] = []
    real = name_log.changes_after

    def noted(position: int) -> Iterator[name_log.NameChange]:
        for change in real(position):
            read.append(change.name)
            yield change

    monkeypatch.setattr(name_log, "changes_after", noted)

    assert calls_of(warm) == {"Query": 1}
    assert read == ["new"]


def test_a_transaction_that_commits_late_is_not_missed(depot: Depot) -> None:
    slow = depot.change("slow", Shown.EVERYONE)
    depot.write("fast")
    assert set(warm()) == {("fast", "core")}

    slow.commit()

    assert warm() == cold() == depot.visible


def test_a_fold_does_not_pass_a_transaction_that_commits_late(depot: Depot, later: Later) -> None:
    slow = depot.change("slow", Shown.EVERYONE)
    depot.write("fast")
    snapshots.fold()

    slow.commit()

    assert warm() == cold() == depot.visible


def test_a_change_that_took_long_is_noted_again(depot: Depot, later: Later) -> None:
    slow = depot.change("slow", Shown.EVERYONE)
    later.by(minutes=2)
    snapshots.fold()
    assert warm() == {}

    slow.commit()

    assert warm() == cold() == depot.visible
    assert len(partition_rows(name_log.LOG)) == 2


def test_a_change_that_took_long_does_not_hide_a_later_one(depot: Depot, later: Later) -> None:
    slow = depot.change("curl", Shown.EVERYONE)
    later.by(minutes=2)
    afterwards, slow._afterwards = slow._afterwards, []
    slow.commit()
    depot.write("curl", Shown.ABSENT)

    for call in afterwards:
        call()

    assert warm() == cold() == {}


def test_a_cold_process_reads_nothing_of_the_log_that_is_folded(depot: Depot, later: Later) -> None:
    for number in range(20):
        depot.write(f"n-{number}", Shown(1 + number % 2))
    later.by(minutes=1)
    snapshots.fold()

    assert calls_of(cold) == {"BatchGetItem": 1, "Query": 1}
    assert list(name_log.changes_after(snapshots.position())) == []
    assert cold() == warm() == depot.visible


def test_names_without_packages_leave_the_snapshots(depot: Depot, later: Later) -> None:
    depot.write("curl")
    depot.write("curl", Shown.ABSENT)
    later.by(minutes=1)
    snapshots.fold()

    assert snapshots.read().shown == {}


@pytest.mark.parametrize("shards", range(search_rows.SHARDS))
def test_a_fold_may_be_interrupted_after_any_shard(
    depot: Depot, later: Later, monkeypatch: pytest.MonkeyPatch, shards: int
) -> None:
    for number in range(40):
        depot.write(f"n-{number}")
    later.by(minutes=1)
    with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
        patch.setattr(snapshots, "update_if", _failing_after(shards))
        snapshots.fold()

    assert cold() == depot.visible
    depot.write("n-0", Shown.ABSENT)
    assert warm() == cold() == depot.visible
    later.by(minutes=1)
    snapshots.fold()
    assert snapshots.read().shown == depot.visible


def test_a_fold_that_another_one_overtakes_changes_nothing(
    depot: Depot, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        depot.write(f"n-{number}")
    later.by(minutes=1)
    real, overtaken = change_module.update_if, list[bool]()

    def slow(*arguments: Any) -> object:
        if not overtaken:
            overtaken.append(True)
            depot.write("between")
            depot.write("n-1", Shown.ABSENT)
            later.by(minutes=1)
            snapshots.fold()
        return real(*arguments)

    monkeypatch.setattr(snapshots, "update_if", slow)
    snapshots.fold()

    assert cold() == snapshots.read().shown == depot.visible
    assert list(name_log.changes_after(snapshots.position())) == []


def test_a_process_that_was_idle_reads_the_snapshots_again(depot: Depot, later: Later) -> None:
    depot.write("curl")
    warm()
    depot.write("wget")
    later.by(minutes=40)
    for _ in range(3):
        maintain_name_log(never)
        later.by(hours=1)
    assert partition_rows(name_log.LOG) == {}

    assert calls_of(warm) == {"BatchGetItem": 1, "Query": 1}
    assert warm() == depot.visible


def test_a_change_stays_in_the_log_for_an_hour_after_it_was_folded(depot: Depot, later: Later) -> None:
    depot.write("curl")
    later.by(minutes=50)
    assert warm() == depot.visible

    for minutes, left in ((1, 1), (30, 1), (30, 0)):
        later.by(minutes=minutes)
        maintain_name_log(never)
        assert len(partition_rows(name_log.LOG)) == left
    assert warm() == cold() == depot.visible


def test_the_upkeep_deletes_until_its_time_is_over_and_the_next_run_continues(
    depot: Depot, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_log_upkeep, "DELETED_AT_ONCE", 2)
    for number in range(5):
        depot.write(f"n-{number}")
    later.by(hours=1)
    maintain_name_log(never)
    later.by(hours=1)
    asked = iter([False, True])

    assert maintain_name_log(lambda: next(asked)) == 2
    later.by(hours=1)
    assert maintain_name_log(never) == 3
    assert cold() == depot.visible


def test_uploads_fold_after_some_new_names(depot: Depot, later: Later, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "FOLD_EVERY", 3)
    monkeypatch.setattr(snapshots.Count, "value", 0)
    depot.write("curl")
    later.by(minutes=1)

    snapshots.fold_if_due()
    snapshots.fold_if_due()
    assert snapshots.position() == 0
    snapshots.fold_if_due()

    assert snapshots.read().shown == depot.visible


def test_a_reader_folds_a_long_log(depot: Depot, later: Later, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached_index, "FOLDED_FROM", 3)
    for number in range(3):
        depot.write(f"n-{number}")
    assert cold() == depot.visible
    assert snapshots.position() == 0  # changes of the last seconds must be read again anyway
    later.by(minutes=1)

    assert cold() == depot.visible

    assert snapshots.read().shown == depot.visible


def test_a_fold_that_fails_does_not_fail_an_upload(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "FOLD_EVERY", 1)
    monkeypatch.setattr(snapshots, "update_if", _failing_after(0))
    depot.write("curl")

    snapshots.fold_if_due()

    assert cold() == depot.visible


def test_an_origin_cannot_push_the_names_of_others_out_of_a_snapshot(
    depot: Depot, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "UNPACKED_BYTES", 400)
    for number in range(200):
        depot.write(f"flood-{number:03}-{'x' * 20}", origin="greedy")
    for number in range(8):
        depot.write(f"n-{number}")
    later.by(minutes=1)
    snapshots.fold()

    kept = snapshots.read().shown
    assert {("n-" + str(number), "core") for number in range(8)} <= set(kept)
    assert len(kept) < 100


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_any_order_of_changes_folds_and_reads_is_consistent(
    depot: Depot, later: Later, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    order = random.Random(seed)
    begun: dict[Name, tuple[Shown | None, Change]] = {}

    def write() -> None:
        name, shown = _a_name(order), Shown(order.randrange(3))
        if (name, "core") not in begun:
            depot.write(name, shown)

    def begin() -> None:
        name, shown = _a_name(order), Shown(order.randrange(3))
        if (name, "core") not in begun:
            before = depot.shown.get((name, "core"))
            begun[name, "core"] = before, depot.change(name, shown)

    def commit() -> None:
        if begun:
            begun.pop(order.choice(list(begun)))[1].commit()

    def fold() -> None:
        with monkeypatch.context() as patch, suppress(StoreUnavailable):
            patch.setattr(snapshots, "update_if", _failing_after(order.randrange(10)))
            snapshots.fold()

    def tend() -> None:
        maintain_name_log(never)

    def wait() -> None:
        later.by(seconds=order.choice([1, 20, 100, 2_000, 4_000]))

    for _ in range(60):
        order.choice([write, write, write, begin, commit, fold, tend, wait])()
        expected = {**depot.shown, **{name: before or Shown.ABSENT for name, (before, _) in begun.items()}}
        assert order.choice([warm, cold])() == {name: shown for name, shown in expected.items() if shown}


def _a_name(order: random.Random) -> str:
    return f"n-{order.randrange(12)}"


def _failing_after(number: int) -> Callable[..., Any]:
    """Return `update_if` that fails after some calls."""
    calls, real = itertools.count(), change_module.update_if

    def update(*arguments: Any) -> Any:
        if next(calls) >= number:
            raise StoreUnavailable
        return real(*arguments)

    return update
