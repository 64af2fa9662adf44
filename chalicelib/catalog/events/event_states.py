"""Who sees the packages of an ident, as far as its events depend on it (packages.md 11).

The index of events stores the state of each event's ident. A step that changes the state of an ident adds a row to
the inbox of events (`event_rows.StateRow`). It only says that the state has changed: readers and folds of the index
read the ident's row, so the order of these rows does not matter.
"""

from collections.abc import Iterable
from typing import Any

from chalicelib.catalog.events import event_rows
from chalicelib.catalog.package_rows import IdentRow, ident_key
from chalicelib.core.events.event_entries import PackageState
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Standing
from chalicelib.platform.change import Change
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import Found, read_many


class DeletedIdentRow(Row):
    """An ident whose packages were deleted. Its events are visible to everyone again if it is uploaded again."""


def state_of(row: IdentRow | None) -> PackageState:
    """Return the state of an ident with this row."""
    if row is None:
        return PackageState.GONE
    return PackageState.PUBLIC if row.public else PackageState.MEMBERS


def states_of(idents: Iterable[str]) -> dict[str, PackageState]:
    """Return the current states of idents. One call per hundred."""
    keys = {ident: ident_key(PackageIdent.parse(ident)) for ident in idents}
    found = read_many(list(keys.values()))
    return {ident: state_of(found.get(key)) for ident, key in keys.items()}


def note(change: Change, ident: PackageIdent, before: Standing, after: Standing) -> None:
    """Add the rows of a changed state to the change of an ident's standing, one or two rows.

    An ident without packages before may have events only if it was deleted: `note_return` finds that.
    """
    if not before.exists or (after.exists and after.is_public == before.is_public):
        return
    event_rows.add_state_change(change, ident)
    if not after.exists:
        key = deleted_key(ident)
        change.put(DeletedIdentRow(key.pk, key.sk))


def note_return(change: Change, ident: PackageIdent, found: Found) -> None:
    """Add to the upload of an ident without packages whether it was deleted before, one or two rows.

    `found` holds the rows of `keys_before`. An ident may be deleted between the reads of its row and of this one, so
    the change raises Stale if there is a note of a deletion that was not found.
    """
    key = deleted_key(ident)
    if found.get(key) is None:
        change.check(key, DeletedIdentRow.pk.does_not_exist())
        return
    change.delete(key)
    event_rows.add_state_change(change, ident)


def keys_before(ident: PackageIdent) -> list[Key[Any]]:
    """Return the keys of the rows that must be read before `note_return`."""
    return [deleted_key(ident)]


def deleted_key(ident: PackageIdent) -> Key[DeletedIdentRow]:
    """Key of an ident whose packages were deleted."""
    return Key(DeletedIdentRow, partition("DELETED", ident.origin), f"{ident.name}/{ident.version}/{ident.release}")
