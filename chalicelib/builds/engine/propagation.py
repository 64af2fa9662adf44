"""What the end of an entry means for its dependents: they start, or are skipped."""

from chalicelib.builds import motor
from chalicelib.builds.engine.entries import skip_dependents
from chalicelib.builds.engine.progress import open_entries
from chalicelib.builds.engine.starting import start_ready
from chalicelib.builds.engine.stopping import stop_entries
from chalicelib.builds.rows import ENTRY_PREFIX, EntryRow, GroupRow, entry_key, group_partition
from chalicelib.core.builds.build_states import EntryState
from chalicelib.platform import parallel
from chalicelib.platform.change import update_if
from chalicelib.platform.table import rows


def pass_on(group: GroupRow, entry: EntryRow) -> None:
    """Apply the final state of an entry to all its dependents. May be repeated.

    The order of the entry is removed from the set of each dependent, and those that wait for nothing more start. If
    the entry is not complete, everything that needs it is skipped. An interruption leaves the entry marked as not
    passed on, and a repeat does what is missing. In a group that was canceled nothing starts and nothing is skipped:
    all waiting entries become canceled.
    """
    if not group.group_state.is_final:
        if entry.entry_state is EntryState.COMPLETE:
            start_ready(group, _without(group, entry))
        else:
            skip_dependents(group, entry)
    key = entry_key(int(group.id), entry.order)
    update_if(key, EntryRow.state == entry.state, [EntryRow.is_passed_on.set(True)])


def repair(group: GroupRow) -> None:
    """Read all entries of a group, pass on what was not, and start what is ready but was not started.

    In a group that was canceled or has failed, stop what has not ended. Wakes the group if nothing is open.
    """
    if group.group_state.is_final:
        stop_entries(group)
    else:
        _continue(group)
    if group.is_ready and open_entries(group) == 0:
        motor.wake_group(int(group.id))


def _continue(group: GroupRow) -> None:
    entries = list(rows(EntryRow, group_partition(int(group.id)), begins=ENTRY_PREFIX))
    start_ready(group, entries)
    for entry in entries:
        if entry.entry_state.is_final and not entry.is_passed_on:
            pass_on(group, entry)


def _without(group: GroupRow, entry: EntryRow) -> list[EntryRow]:
    """Remove a complete entry from the sets of its dependents, and return those that still have to run.

    One UpdateItem for each; the repeat of one changes nothing.
    """

    def remove(dependent: str) -> EntryRow | None:
        key = entry_key(int(group.id), dependent)
        return update_if(key, EntryRow.state == EntryState.WAITING.value, [EntryRow.waiting.delete({entry.order})])

    return [row for row in parallel.each(remove, entry.dependents.split()) if row is not None]
