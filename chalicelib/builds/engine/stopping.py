"""The end of all entries of a group that was canceled or has failed (builds.md 8.6, 16)."""

from itertools import islice

from chalicelib.builds.engine.ended_logs import note_log
from chalicelib.builds.engine.entries import close, read_entries
from chalicelib.builds.engine.progress import count_closed
from chalicelib.builds.rows import (
    ENTRY_PREFIX,
    EntryRow,
    GroupRow,
    JobRow,
    entry_key,
    group_partition,
    job_key,
    waiting_key,
)
from chalicelib.core.batches import batches
from chalicelib.core.builds.build_states import EntryState, JobState
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.table import read_many, rows

READ_TOGETHER = 80
STOPPED_TOGETHER = 20
"""Jobs in a transaction; each takes up to four rows, and the progress up to sixteen."""

STOPPING = (JobState.CANCEL_PENDING, JobState.CANCEL_PROCESSING)


def stop_entries(group: GroupRow, at_most: int | None = None) -> None:
    """Cancel the waiting entries of a group, and the jobs of the running ones. May be repeated.

    Call it when the group has its final state. A start that has read the former state may still run an entry; it is
    found when that entry is written, so nothing starts after this function has ended. `at_most` limits the entries.
    """
    not_final = EntryRow.state.is_in(EntryState.WAITING.value, EntryState.RUNNING.value)
    open_ones = rows(EntryRow, group_partition(int(group.id)), begins=ENTRY_PREFIX, where=not_final)
    for batch in batches(islice(open_ones, at_most), READ_TOGETHER):
        waiting = [entry.order for entry in batch if entry.entry_state is EntryState.WAITING]
        started = read_entries(group, close(group, waiting, EntryState.CANCELED))
        running = [entry for entry in [*batch, *started] if entry.entry_state is EntryState.RUNNING]
        for jobs in batches(running, STOPPED_TOGETHER):
            _stop_jobs(group, jobs)


def _stop_jobs(group: GroupRow, entries: list[EntryRow]) -> None:
    retry_when_stale(lambda: _stop_together(group, entries))


def _stop_together(group: GroupRow, entries: list[EntryRow]) -> None:
    found = read_many([job_key(int(entry.job_id)) for entry in entries])
    canceled = []
    with Change() as change:
        for entry in entries:
            job = found.get(job_key(int(entry.job_id)))
            if job is None or job.job_state.is_final or job.job_state in STOPPING:
                continue
            if job.job_state.is_held:
                _change_job(change, job, JobState.CANCEL_PENDING)
                continue
            _change_job(change, job, JobState.CANCEL_COMPLETE)
            change.delete(waiting_key(job))
            note_log(change, job)
            change.update(
                entry_key(int(group.id), entry.order),
                [EntryRow.state.set(EntryState.CANCELED.value), EntryRow.is_passed_on.set(True)],
                EntryRow.state == EntryState.RUNNING.value,
            )
            canceled.append(entry.order)
        count_closed(change, group, canceled)


def _change_job(change: Change, job: JobRow, state: JobState) -> None:
    change.update(
        job_key(int(job.id)),
        [JobRow.state.set(state.value), JobRow.updated_at.set(timestamp(now()))],
        (JobRow.state == job.state) & (JobRow.attempt == job.attempt),
    )
