"""Changes of the counted lists of an origin, which each transaction adds to the log."""

from collections.abc import Iterable

from chalicelib.catalog.lists import list_rows
from chalicelib.catalog.lists.list_rows import EntryChange, ListChangeRow
from chalicelib.platform.change import Change
from chalicelib.platform.clock import RANDOM_BITS, new_id

FOLDED_EVERY = 64
"""The writer of one change in so many folds the log."""


def add(change: Change, origin: str, entries: Iterable[EntryChange]) -> int | None:
    """Add one row with all changes of entries to a transaction, and return its id; None if no entry changes.

    The transaction must make sure that `before` is the state of each entry when it commits. Callers use
    `list_folding.add_and_fold`, which also folds.
    """
    changed = [entry for entry in entries if entry.before is not entry.after]
    if not changed:
        return None
    identifier = new_id()
    key = list_rows.change_key(origin, identifier)
    change.add(ListChangeRow(key.pk, key.sk, changes=list_rows.stored_changes(changed)))
    return identifier


def is_due(identifier: int | None) -> bool:
    """Return True for one change in 64, by the random part of its id: its writer folds after the commit."""
    return identifier is not None and (identifier & ((1 << RANDOM_BITS) - 1)) % FOLDED_EVERY == 0
