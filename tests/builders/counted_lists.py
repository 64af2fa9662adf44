"""Idents of an origin with their counted list, written without packages, and a clock that the test moves."""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from pynamodb.connection.base import Connection

from chalicelib.catalog import package_rows
from chalicelib.catalog.lists import counted_lists, list_changes, list_folding, list_rows
from chalicelib.catalog.lists.list_rows import EntryChange, ListChangeRow, ListIndexRow
from chalicelib.catalog.package_rows import IdentRow
from chalicelib.core.lists.included_changes import IncludedChanges
from chalicelib.core.lists.list_blocks import Blocks
from chalicelib.core.shown import Shown
from chalicelib.platform import clock
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.row import Key
from chalicelib.platform.table import put_many, read
from tests.builders.names import a_name
from tests.builders.rows import partition_rows, put_copies

MEMBERS, EVERYONE, ABSENT = Shown.MEMBERS, Shown.EVERYONE, Shown.ABSENT
IDENTS = list_rows.IDENTS
STANDING = '{"x86_64-linux":["public",["stable","unstable"]]}'


class Clock:
    """The time of the service, which only the test advances: a slow machine does not change what happens.

    Each reading takes a millisecond, so that ids keep their order.
    """

    def __init__(self) -> None:
        self._now = clock.now()
        self._reading = threading.Lock()

    def now(self) -> datetime:
        """Return the time."""
        with self._reading:
            self._now += timedelta(milliseconds=1)
            return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._reading:
            self._now += timedelta(seconds=seconds)


@contextmanager
def a_clock() -> Iterator[Clock]:
    """A clock for all modules that use `clock.now()`, and for ids."""
    moved = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", moved.now)
        yield moved


@dataclass
class CountedOrigin:
    """An origin whose idents are rows without packages."""

    name: str = field(default_factory=lambda: a_name("origin"))

    def key(self, entry: str) -> Key[IdentRow]:
        """Key of the row of an entry."""
        return Key(IdentRow, package_rows.idents_partition(self.name), entry)

    def set(self, entry: str, shown: Shown) -> int | None:
        """Add, change or delete an entry in one transaction. Raises Stale if it changes meanwhile."""
        key = self.key(entry)
        row = read(key)
        before = ABSENT if row is None else Shown.entry(exists=True, public=bool(row.public))
        unchanged = IdentRow.pk.does_not_exist() if row is None else IdentRow.revision == row.revision
        with Change() as change:
            if shown is ABSENT:
                change.delete(key, condition=unchanged)
            else:
                change.put(self.row(entry, shown), condition=unchanged)
            return list_changes.add(change, self.name, [EntryChange(IDENTS, entry, before, shown)])

    def add_releases(self, number: int) -> None:
        """Add releases 0, 1, 2, ... of the version `a/1`, which everyone sees, in one transaction each."""
        for release in range(number):
            self.set(f"a/1/{release}", EVERYONE)

    def try_to_set(self, entry: str, shown: Shown) -> None:
        """Like `set`, but without an error if the entry changes meanwhile."""
        try:
            self.set(entry, shown)
        except Stale:
            return

    def load(self, entries: dict[str, Shown]) -> None:
        """Write many entries with their index, without the log. The list must not have others."""
        for shown in (MEMBERS, EVERYONE):
            keys = sorted(entry for entry, each in entries.items() if each is shown)
            if keys:
                put_copies(self.row(keys[0], shown), keys)
        key = counted_lists.index_key(self.name, IDENTS)
        blocks, included = Blocks.of_entries(entries).packed(), IncludedChanges().packed()
        put_many([ListIndexRow(key.pk, key.sk, version=1, blocks=blocks, included=included)])

    def row(self, entry: str, shown: Shown) -> IdentRow:
        """Return the row of an entry."""
        key = self.key(entry)
        return IdentRow(key.pk, key.sk, standing=STANDING, public=shown is EVERYONE, revision=clock.new_id())

    @property
    def truth(self) -> dict[str, Shown]:
        """The entries as their rows show them, in order."""
        stored = partition_rows(package_rows.idents_partition(self.name))
        return {key: EVERYONE if row["public"] else MEMBERS for key, row in sorted(stored.items())}

    @property
    def truth_totals(self) -> tuple[int, int]:
        """The totals for members and for everyone, from the rows."""
        truth = self.truth
        return len(truth), sum(shown is EVERYONE for shown in truth.values())

    @property
    def totals(self) -> tuple[int, int]:
        """The totals for members and for everyone, as a reader counts them."""
        whole = counted_lists.counted_alone(self.name, IDENTS).whole
        return whole.total(member=True), whole.total(member=False)

    @property
    def log(self) -> list[ListChangeRow]:
        """The log."""
        return [
            ListChangeRow(list_rows.changes_partition(self.name), sk, changes=row["changes"])
            for sk, row in partition_rows(list_rows.changes_partition(self.name)).items()
        ]

    @property
    def stored_index(self) -> dict[str, Any] | None:
        """The row of the index."""
        return partition_rows(list_rows.index_partition(self.name)).get(IDENTS)

    @property
    def included(self) -> IncludedChanges:
        """The changes that the index includes."""
        row = self.stored_index
        return IncludedChanges() if row is None else IncludedChanges.unpacked(_bytes(row["included"]))

    @property
    def blocks(self) -> Blocks:
        """The blocks of the index."""
        row = self.stored_index
        return Blocks() if row is None else Blocks.unpacked(_bytes(row["blocks"]))

    @property
    def stored_blocks(self) -> list[tuple[str, int, int]]:
        """The counts of each block that follow from the index and the log at this moment."""
        return list(stored_blocks(self.name, IDENTS))


def stored_blocks(origin: str, name: str) -> Blocks:
    """Return a list as it follows from the rows in memory at this moment."""
    index = partition_rows(list_rows.index_partition(origin)).get(name)
    blocks = Blocks() if index is None else Blocks.unpacked(_bytes(index["blocks"]))
    included = IncludedChanges() if index is None else IncludedChanges.unpacked(_bytes(index["included"]))
    for sk, row in partition_rows(list_rows.changes_partition(origin)).items():
        if int(sk) not in included:
            for entry in ListChangeRow("", sk, changes=row["changes"]).entries_of(name):
                blocks.apply(entry.key, entry.before, entry.after)
    return blocks


def fold(origin: CountedOrigin, time: Clock) -> None:
    """Fold when all changes have settled."""
    time.advance(1)
    list_folding.fold(origin.name)


def after(patch: pytest.MonkeyPatch, operation: str, act: Callable[[], None]) -> None:
    """Act once, after the first call of an operation."""
    make_call = Connection._make_api_call

    def call(connection: Connection, name: str, request: dict[str, Any]) -> Any:
        answer = make_call(connection, name, request)
        if name == operation:
            patch.setattr(Connection, "_make_api_call", make_call)
            act()
        return answer

    patch.setattr(Connection, "_make_api_call", call)


def few_rows_per_query(patch: pytest.MonkeyPatch, most: int) -> None:
    """Let each call of a Query return a few rows at most."""
    make_call = Connection._make_api_call

    def call(connection: Connection, name: str, request: dict[str, Any]) -> Any:
        if name == "Query":
            request = {**request, "Limit": min(request.get("Limit", most), most)}
        return make_call(connection, name, request)

    patch.setattr(Connection, "_make_api_call", call)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else base64.b64decode(value)
