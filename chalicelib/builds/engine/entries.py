"""Entries of a group that end without a build of their own: skipped, canceled or missing (builds.md 8.4, 8.6).

A skipped entry has no waiting dependents: entries are written in the opposite of the build order. So a repeat after an
interruption finds all entries that are left by following those that wait.
"""

from collections.abc import Collection, Iterable

from chalicelib.builds.engine.progress import count_closed
from chalicelib.builds.rows import ENTRY_PREFIX, EntryRow, GroupRow, entry_key, group_partition
from chalicelib.core.batches import batches
from chalicelib.core.builds.build_states import EntryState
from chalicelib.platform.change import Change, Stale, retry_when_stale
from chalicelib.platform.table import read_many, rows

CLOSED_TOGETHER = 80
"""Rows of entries in a transaction; the rows of the progress are in it too."""

ROUNDS = 4
"""After following so many levels of dependents one by one, the rest of the group is read in order."""


def close_with_dependents(group: GroupRow, entry: EntryRow, state: EntryState) -> None:
    """End a waiting entry that will not be built, after its dependents."""
    skip_dependents(group, entry)
    close(group, [entry.order], state)


def skip_dependents(group: GroupRow, entry: EntryRow) -> None:
    """Skip everything that waits for an entry, directly or indirectly. Each entry is skipped once."""
    close(group, waiting_dependents(group, entry), EntryState.SKIPPED)


def close(group: GroupRow, orders: Collection[str], state: EntryState) -> list[str]:
    """Write the final state of waiting entries, and return the orders of those that are not waiting any more.

    One transaction for 80 entries, the last in build order first. All dependents of the entries must be among them, or
    not wait any more.
    """
    passed_over: list[str] = []
    for batch in batches(sorted(orders, reverse=True), CLOSED_TOGETHER):
        closed = _close_together(group, batch, state)
        passed_over += [order for order in batch if order not in closed]
    return passed_over


def _close_together(group: GroupRow, batch: list[str], state: EntryState) -> set[str]:
    waiting = batch

    def attempt() -> set[str]:
        nonlocal waiting
        try:
            _write(group, waiting, state)
        except Stale:
            waiting = [row.order for row in read_entries(group, waiting) if row.entry_state is EntryState.WAITING]
            raise
        return set(waiting)

    return retry_when_stale(attempt)


def _write(group: GroupRow, orders: list[str], state: EntryState) -> None:
    final = [EntryRow.state.set(state.value), EntryRow.is_passed_on.set(True)]
    with Change() as change:
        for order in orders:
            change.update(entry_key(int(group.id), order), final, EntryRow.state == EntryState.WAITING.value)
        count_closed(change, group, orders)


def waiting_dependents(group: GroupRow, entry: EntryRow) -> set[str]:
    """Return the orders of all entries that wait for an entry, directly or indirectly.

    Reads one level of dependents per call; if there are many levels, then the rest of the group, which costs less.
    """
    waiting: set[str] = set()
    level = set(entry.dependents.split())
    for _ in range(ROUNDS):
        if not level:
            return waiting
        found = [row for row in read_entries(group, level) if row.entry_state is EntryState.WAITING]
        waiting |= {row.order for row in found}
        level = {order for row in found for order in row.dependents.split()} - waiting
    return waiting | _rest(group, level) if level else waiting


def _rest(group: GroupRow, level: set[str]) -> set[str]:
    """Return those of some entries, and of all that need them, that wait. Dependents follow in build order."""
    reached, waiting = set(level), set()
    between = (ENTRY_PREFIX + min(level), ENTRY_PREFIX + "~")
    for row in rows(EntryRow, group_partition(int(group.id)), between=between):
        if row.order in reached and row.entry_state is EntryState.WAITING:
            waiting.add(row.order)
            reached.update(row.dependents.split())
    return waiting


def read_entries(group: GroupRow, orders: Iterable[str]) -> list[EntryRow]:
    """Return some entries of a group. One call per hundred."""
    keys = [entry_key(int(group.id), order) for order in orders]
    found = read_many(keys)
    return [row for key in keys if (row := found.get(key)) is not None]
