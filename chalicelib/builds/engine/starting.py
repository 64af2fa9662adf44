"""Start of jobs: an entry whose dependencies are complete becomes a job that waits for a worker (builds.md 8.4)."""

from collections.abc import Sequence
from typing import Any

from chalicelib.builds.engine.entries import close_with_dependents
from chalicelib.builds.engine.new_jobs import add_job, note_origins
from chalicelib.builds.engine.turns import take_turn
from chalicelib.builds.rows import (
    ENTRY_PREFIX,
    EntryRow,
    GroupRow,
    entry_key,
    group_key,
    group_partition,
    job_count_key,
    waiting_origin_key,
)
from chalicelib.catalog import package_rows
from chalicelib.catalog.origin_rows import has_made, origin_key
from chalicelib.catalog.project_rows import project_key
from chalicelib.core.batches import batches
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.platform import parallel
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found, read, read_many, rows

STARTED_TOGETHER = 15
"""Jobs in a transaction; each takes five rows."""


def start_ready(group: GroupRow, entries: Sequence[EntryRow]) -> int:
    """Create the jobs of those entries that wait for nothing, and return how many.

    An entry without a project becomes `skipped`, also if its origin was deleted and created again since the group was
    made, and one whose latest release was deleted `missing`; their dependents become `skipped`. Nothing happens to
    entries that another call has started, and in a group that is not active.

    For fifteen entries one BatchGetItem, one transaction, and a BatchWriteItem if an origin was not noted lately. The
    transaction has no condition on the group: a cancel that comes in between finds the running entry (stopping.py).
    The first fifteen start before the others, so that a group whose first entry waits has not begun (turns.py).
    """
    ready = list(batches((entry for entry in entries if _is_ready(entry)), STARTED_TOGETHER))

    def start(batch: list[EntryRow]) -> int:
        return retry_when_stale(lambda: _start(group, batch))

    return sum(map(start, ready[:1])) + sum(parallel.each(start, ready[1:], few=1))


def activate(group_id: int) -> bool:
    """Make a queued group the active one of its root and target, and start what is ready.

    Returns False if another group is active, or if entries of the group are still being written. Returns True if the
    group is active, and starts what an interrupted call left, or if it has ended.
    """
    if not retry_when_stale(lambda: take_turn(group_id)):
        return False
    group = read(group_key(group_id))
    if group is not None and group.group_state is GroupState.DISPATCHING:
        waiting = (EntryRow.state == EntryState.WAITING.value) & EntryRow.waiting.does_not_exist()
        start_ready(group, list(rows(EntryRow, group_partition(group_id), begins=ENTRY_PREFIX, where=waiting)))
    return True


class _Wanted:
    """An entry to start, and the keys of the rows that decide whether it starts."""

    def __init__(self, group: GroupRow, entry: EntryRow) -> None:
        self.target = Target(group.target)
        origin, _, name = entry.name.partition("/")
        self.entry = entry_key(int(group.id), entry.order)
        self.project = project_key(origin, name, self.target)
        self.count = job_count_key(origin, name)
        self.note = waiting_origin_key(self.target, origin)
        self.origin = origin_key(origin)
        self.group_id = int(group.id)
        self.release = PackageIdent.parse(entry.ident) if entry.ident and not entry.was_deleted else None

    @property
    def keys(self) -> list[Key[Any]]:
        """The keys of all rows."""
        release = [package_rows.package_key(self.release, self.target)] if self.release else []
        return [self.entry, self.project, self.count, self.note, self.origin, *release]

    def refusal(self, found: Found) -> EntryState | None:
        """Return the final state of an entry that cannot be built, or None (builds.md 8.4)."""
        origin = found.get(self.origin)
        if found.get(self.project) is None or (origin is not None and not has_made(origin, self.group_id)):
            return EntryState.SKIPPED
        return EntryState.MISSING if self._is_release_deleted(found) else None

    def _is_release_deleted(self, found: Found) -> bool:
        """Return whether the latest release was deleted since the group was made, and none that is newer replaces it.

        A package whose latest release had been deleted before can be built (builds.md 7.3).
        """
        if self.release is None or found.get(package_rows.package_key(self.release, self.target)) is not None:
            return False
        newest = package_rows.newest(self.release.origin, self.release.name, self.target)
        return newest is None or newest.sk < package_rows.release_sort_key(self.release)


def _is_ready(entry: EntryRow) -> bool:
    return entry.entry_state is EntryState.WAITING and not entry.waiting


def _start(group: GroupRow, batch: list[EntryRow]) -> int:
    """Start up to fifteen entries in one transaction. Raises Stale."""
    wanted = [_Wanted(group, entry) for entry in batch]
    found = read_many([group_key(int(group.id)), *(key for each in wanted for key in each.keys)])
    current = found.get(group_key(int(group.id)))
    if current is None or current.group_state is not GroupState.DISPATCHING:
        return 0
    ready = [(each, entry) for each in wanted if (entry := found.get(each.entry)) is not None and _is_ready(entry)]
    refused = {entry.order: state for each, entry in ready if (state := each.refusal(found)) is not None}
    for _, entry in ready:  # before the jobs of the others: see `start_ready`
        if entry.order in refused:
            close_with_dependents(current, entry, refused[entry.order])
    notes = []
    with Change() as change:
        for each, entry in ready:
            project = found.get(each.project)
            if project is not None and entry.order not in refused:
                add_job(change, current, entry, project, found.get(each.count))
                notes.append(each.note)
        note_origins(notes, found)
    return len(notes)
