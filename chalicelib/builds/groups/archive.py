"""The entries of old groups in the object store, as `_groups/<group id>.json` (builds.md 18).

A daily function moves them there. The row of the group and its jobs stay in the table.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from chalicelib.builds import rows
from chalicelib.builds.rows import EntryRow, GroupRow
from chalicelib.core.builds.build_states import EntryState
from chalicelib.packages import artifacts
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.object_store import ObjectMissing


class ArchivedEntry(Struct, frozen=True):
    """An entry in its final state, as the API shows it."""

    name: str
    ident: str
    state: str
    job_id: str
    target: str


class ArchivedGroup(Struct, frozen=True):
    """The object: the entries of a group in build order."""

    id: str
    archived_at: str
    projects: list[ArchivedEntry]


def archive_key(group_id: int) -> str:
    """Return the object key of the entries of a group. It is not below the name of an origin."""
    return f"_groups/{group_id}.json"


def store(group: GroupRow, entries: Sequence[EntryRow]) -> None:
    """Store the entries of a group that has ended. Raises ObjectStoreFailed."""
    projects = [
        ArchivedEntry(
            name=entry.name,
            ident=entry.built_ident or entry.ident,
            state=entry.entry_state.shown,
            job_id=str(int(entry.job_id)),
            target=group.target,
        )
        for entry in entries
    ]
    archived = ArchivedGroup(str(int(group.id)), timestamp(now()), projects)
    artifacts.put_bytes(archive_key(int(group.id)), msgspec.json.encode(archived))


def entries_of(group: GroupRow) -> list[EntryRow]:
    """Return the archived entries of a group as rows, without their dependencies; none if there is no such object.

    Raises ObjectStoreFailed.
    """
    group_id = int(group.id)
    try:
        content = artifacts.read(archive_key(group_id))
    except ObjectMissing:
        return []
    archived = msgspec.json.decode(content, type=ArchivedGroup)
    return [_row(group_id, position, entry) for position, entry in enumerate(archived.projects)]


def _row(group_id: int, position: int, entry: ArchivedEntry) -> EntryRow:
    key, state = rows.entry_key(group_id, rows.order_text(position)), EntryState.of_shown(entry.state)
    return EntryRow(
        key.pk,
        key.sk,
        name=entry.name,
        state=state.value,
        ident=entry.ident,
        built_ident=entry.ident if state is EntryState.COMPLETE else "",
        job_id=int(entry.job_id),
        is_passed_on=True,
    )
