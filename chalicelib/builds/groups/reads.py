"""Reads of job groups (builds.md 6.2 and 6.3)."""

from collections.abc import Iterable

from chalicelib.builds import rows
from chalicelib.builds.errors import GroupMissing
from chalicelib.builds.rows import EntryRow, GroupPointerRow, GroupRow
from chalicelib.catalog.origin_rows import has_made, origin_key
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.core.deferred import deferred
from chalicelib.core.unsigned import NotUnsigned, unsigned
from chalicelib.platform.table import read, read_many
from chalicelib.platform.table import rows as rows_of

with deferred():
    from chalicelib.builds.groups import archive

MOST_LISTED = 500
"""A list holds so many groups at most; the UI asks for 50."""

DEFAULT_LISTED = 10


def group(group_id: int) -> GroupRow:
    """Return a group, unless its origin was deleted, also if a new one has the name. Two calls. Raises GroupMissing."""
    row = read(rows.group_key(group_id))
    if row is None or not has_made(read(origin_key(row.origin)), group_id):
        raise GroupMissing
    return row


def entries(row: GroupRow) -> list[EntryRow]:
    """Return the entries of a group in build order; none while they are being written. One call per megabyte.

    Those of an old group are in the object store (archive.py). Raises ObjectStoreFailed.
    """
    if not row.is_ready:
        return []
    found = list(rows_of(EntryRow, rows.group_partition(int(row.id)), begins=rows.ENTRY_PREFIX))
    if not found and row.group_state.is_final and row.projects:
        return archive.entries_of(row)
    return found


def newest_of(origin: str, limit: int) -> list[GroupRow]:
    """Return the newest groups whose root is in an origin, newest first. One call, and one per hundred groups.

    Those of a deleted origin of the same name are left out.
    """
    if limit < 1:
        return []
    pointers = rows_of(
        GroupPointerRow,
        rows.origin_groups_partition(origin),
        newest_first=True,
        limit=min(limit, MOST_LISTED),
        page=min(limit, MOST_LISTED),
    )
    keys = [rows.group_key(int(pointer.group_id)) for pointer in pointers]
    found = read_many([origin_key(origin), *keys])
    made_here = found.get(origin_key(origin))
    return [row for key in keys if (row := found.get(key)) is not None and has_made(made_here, int(row.id))]


def listed(text: str | None) -> int:
    """Return how many groups a request asks for; the default if the text is not a number (builds.md 6.3)."""
    try:
        return min(unsigned(text or "", bits=64), MOST_LISTED)
    except NotUnsigned:
        return DEFAULT_LISTED


def shown_state(row: GroupRow, entry: EntryRow) -> str:
    """Return the state of an entry as the API shows it. What a canceled group has not finished is canceled."""
    state = entry.entry_state
    if row.group_state is GroupState.CANCELED and not state.is_final:
        state = EntryState.CANCELED
    return state.shown


def shown_ident(entry: EntryRow) -> str:
    """Return the ident of an entry: what it has built, else the newest release before (builds.md 4.1)."""
    return entry.built_ident if entry.entry_state is EntryState.COMPLETE else entry.ident


def built(found: Iterable[EntryRow]) -> list[EntryRow]:
    """Return the entries that were built."""
    return [entry for entry in found if entry.entry_state is EntryState.COMPLETE and entry.built_ident]
