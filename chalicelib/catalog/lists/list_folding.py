"""Moves changes of counted lists from the log into the indexes of the lists.

A fold reads the log, then the indexes, and writes each index on condition that it has not changed. Then it deletes the
changes that all their lists include. It may be interrupted anywhere and repeated, and folds may overlap:

- An index knows the ids of the changes that it includes. A change that is still in the log is not counted twice.
- A change leaves the log only within DELETED_WITHIN after an index was written that includes it; a fold that finds an
  older one writes the index again first. The index keeps the id for KEPT after that. So a reader that has found the
  change in the log, and reads the index within `counted_lists.READ_WITHIN`, finds the id.
- A fold leaves changes younger than SETTLED in the log. So it never includes a change without an earlier one that the
  change relies on and that was committed while the log was read.

A fold moves changes into the views of the newest releases in the same way, where they exist (`newest_views.py`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct

from chalicelib.catalog import newest_views
from chalicelib.catalog.lists import counted_lists, list_changes, list_rows, list_states
from chalicelib.catalog.lists.list_rows import EntryChange, ListChangeRow, ListIndexRow
from chalicelib.core.lists.included_changes import IncludedChanges
from chalicelib.core.lists.list_blocks import Blocks, Span, WrongCounts
from chalicelib.platform import clock, logs
from chalicelib.platform.change import Change, Stale, put_if
from chalicelib.platform.failures import optional_work
from chalicelib.platform.table import delete_many, read, read_many, rows

SETTLED = timedelta(milliseconds=500)
DELETED_WITHIN = timedelta(seconds=5)
KEPT = timedelta(seconds=30)
"""The differences between the clocks of machines, and calls that are sent again, may take what is left of it after
DELETED_WITHIN and READ_WITHIN."""

PAUSE = timedelta(minutes=2)
"""The time that `rebuild` has to read all rows of a list."""

CHANGES_AT_ONCE = 1_000
LISTS_AT_ONCE = 25
"""A fold leaves what is more than this to the next one."""


LONG_LOG = 128
"""A reader of a log with more changes folds it. Writers fold after every 64th change, so this is rare."""


class _Log(Struct, frozen=True):
    """The oldest changes of the log: the ids and entries of each list. It holds all up to the id `complete_to`."""

    by_list: Mapping[str, Sequence[tuple[int, EntryChange]]]
    lists_of: Mapping[int, Collection[str]]
    complete_to: int


def fold(origin: str) -> None:
    """Move the oldest changes of an origin's log into the indexes of their lists.

    Two reads, a write per list and view, and a call per 25 changes; two reads more if a block is split. Safe to repeat.
    Raises StoreUnavailable.
    """
    began = clock.now()
    log = _oldest(origin, began)
    if not log.by_list:
        return
    names, by_view = sorted(log.by_list), newest_views.changes_by_view(log.by_list)
    view_keys = {view: newest_views.key_of(origin, view) for view in sorted(by_view)}
    found = read_many([*(counted_lists.index_key(origin, name) for name in names), *view_keys.values()])
    if clock.now() - began > counted_lists.READ_WITHIN:
        return
    included = {name: _fold_list(origin, name, log, found.get(counted_lists.index_key(origin, name))) for name in names}
    holders = {identifier: [included[name] for name in of_change] for identifier, of_change in log.lists_of.items()}
    for view, key in view_keys.items():
        included_in_view = newest_views.fold(found.get(key), by_view[view], log.complete_to)
        if included_in_view is not None:
            for identifier, _ in by_view[view]:
                holders[identifier].append(included_in_view)
    _delete(origin, holders)


def fold_if_possible(origin: str) -> None:
    """Fold in a single attempt. A failure must not fail the request, which has committed or read already."""
    with optional_work():
        fold(origin)


def add_and_fold(change: Change, origin: str, entries: Iterable[EntryChange]) -> None:
    """Add changes of entries to a transaction (`list_changes.add`), and a fold after it if one is due."""
    identifier = list_changes.add(change, origin, entries)
    change.then(partial(fold_if_due, origin, identifier))


def fold_if_due(origin: str, identifier: int | None) -> None:
    """Fold after the commit of a change if its id says so (`list_changes.add` returned it)."""
    if list_changes.is_due(identifier):
        fold_if_possible(origin)


def fold_if_long(log: counted_lists.Log) -> None:
    """Fold a log that a reader has found long."""
    if len(log.changes) > LONG_LOG:
        fold_if_possible(log.origin)


def rebuild(origin: str, name: str) -> None:
    """Make the index of a list again from the rows, while writers and readers continue. Folds leave the list alone.

    Raises Stale if another rebuild is faster or an entry changes all the time, and StoreUnavailable.
    """
    index = _paused(origin, name)
    _, included = counted_lists.unpacked(index)
    states = list_states.folded_states(origin, name, Span("", None), included)
    index.blocks = Blocks.of_entries(states).packed()
    index.paused_until = 0
    if not _replace(index):
        raise Stale


def remove(origin: str, name: str) -> bool:
    """Delete the index of an empty list, such as that of a deleted channel. Returns False if it is too early.

    The list must have been folded, and KEPT must have passed since, so that no reader needs the index. Safe to repeat,
    and at any time: a list that has entries again keeps its index. Raises StoreUnavailable.
    """
    log = counted_lists.log_of(origin)
    key = counted_lists.index_key(origin, name)
    index = read(key)
    if index is None:
        return True
    blocks, included = counted_lists.unpacked(index)
    is_used = included.newest() > clock.now() - KEPT or any(log.of_list(name))
    if is_used or blocks.whole.total(member=True):
        return False
    try:
        with Change() as change:
            change.delete(key, condition=ListIndexRow.version == index.version)
    except Stale:
        return False
    return True


def _oldest(origin: str, began: datetime) -> _Log:
    """Return the changes that may be folded."""
    newest = clock.new_id(began - SETTLED)
    between = (list_rows.change_sort_key(0), list_rows.change_sort_key(newest))
    pk = list_rows.changes_partition(origin)
    by_list: dict[str, list[tuple[int, EntryChange]]] = {}
    lists_of: dict[int, frozenset[str]] = {}
    for change in rows(ListChangeRow, pk, between=between, limit=CHANGES_AT_ONCE):
        entries = list(change.entries)
        names = frozenset(entry.list for entry in entries)
        if by_list and len(by_list.keys() | names) > LISTS_AT_ONCE:
            return _Log(by_list, lists_of, complete_to=max(lists_of))
        lists_of[change.id] = names
        for entry in entries:
            by_list.setdefault(entry.list, []).append((change.id, entry))
    return _Log(by_list, lists_of, newest if len(lists_of) < CHANGES_AT_ONCE else max(lists_of))


def _fold_list(origin: str, name: str, log: _Log, index: ListIndexRow | None) -> IncludedChanges:
    """Include changes in an index. Return those that it includes now, none if another request changes the index."""
    if index is not None and int(index.paused_until) > clock.now().timestamp():
        return IncludedChanges()
    try:
        return _included(origin, name, log, index)
    except WrongCounts:
        if _has_changed(origin, name, index):
            return IncludedChanges()  # another fold has deleted changes that this one has not included
        logs.logger().exception("the index of a list is wrong", extra={"origin": origin, "list": name})
        with suppress(Stale):
            rebuild(origin, name)
        return IncludedChanges()


def _included(origin: str, name: str, log: _Log, index: ListIndexRow | None) -> IncludedChanges:
    blocks, included = counted_lists.unpacked(index)
    changes, moment = log.by_list[name], clock.now()
    ids = {identifier for identifier, _ in changes}
    missing = {i for i in ids if i not in included}
    old = {i for i in ids - missing if moment - included.time_of(i) > DELETED_WITHIN / 2}
    if not missing and not old:
        return included
    for identifier, entry in changes:
        if identifier in missing:
            blocks.apply(entry.key, entry.before, entry.after)
    included.add(missing | old, moment)
    included.forget(moment - KEPT, log.complete_to, ids)
    blocks.demand_possible()
    _split(origin, name, blocks, included)
    blocks.merge()
    key = counted_lists.index_key(origin, name)
    row = ListIndexRow(key.pk, key.sk, blocks=blocks.packed(), included=included.packed())
    row.version = 0 if index is None else index.version
    return included if _replace(row) else IncludedChanges()


def _has_changed(origin: str, name: str, index: ListIndexRow | None) -> bool:
    current = read(counted_lists.index_key(origin, name))
    return (None if current is None else current.version) != (None if index is None else index.version)


def _split(origin: str, name: str, blocks: Blocks, included: IncludedChanges) -> None:
    """Split the blocks that are too long. A block whose entries change all the time is left to the next fold."""
    for span in blocks.too_long():
        with suppress(Stale):
            blocks.split(span, list_states.folded_states(origin, name, span, included))


def _replace(index: ListIndexRow) -> bool:
    """Write an index with a new version, on condition that the stored one has the version of the row (0: none)."""
    version = int(index.version)
    index.version = clock.new_id()
    return put_if(index, ListIndexRow.version == version if version else ListIndexRow.pk.does_not_exist())


def _paused(origin: str, name: str) -> ListIndexRow:
    """Write that folds leave a list alone, and return its index. Raises Stale if it changes meanwhile."""
    key = counted_lists.index_key(origin, name)
    index = read(key)
    if index is None:
        index = ListIndexRow(key.pk, key.sk, version=0, blocks=Blocks().packed(), included=IncludedChanges().packed())
    index.paused_until = int((clock.now() + PAUSE).timestamp())
    if not _replace(index):
        raise Stale
    return index


def _delete(origin: str, holders: Mapping[int, Sequence[IncludedChanges]]) -> None:
    """Delete the changes that all their lists, and the views that exist, have included recently."""
    oldest = clock.now() - DELETED_WITHIN

    def is_included(identifier: int) -> bool:
        return all(identifier in each and each.time_of(identifier) > oldest for each in holders[identifier])

    delete_many([list_rows.change_key(origin, identifier) for identifier in holders if is_included(identifier)])
