"""The rows of a new job, and the notes of origins with waiting jobs."""

import time
from collections.abc import Iterable

from chalicelib.builds.rows import (
    EntryRow,
    GroupRow,
    JobCountRow,
    JobPointerRow,
    JobRow,
    WaitingJobRow,
    WaitingOriginRow,
    entry_key,
    job_count_key,
    job_key,
    job_pointer_key,
    waiting_key,
)
from chalicelib.catalog.project_rows import ProjectRow
from chalicelib.core.builds.build_states import EntryState, JobState
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found, put_many

NOTE_SECONDS = 60
"""An origin is noted again if its note is older, so that jobs that start together do not all write the row.

The note may be deleted only when it is several times as old.
"""


def note_origins(keys: Iterable[Key[WaitingOriginRow]], found: Found) -> None:
    """Note that origins have waiting jobs, before the jobs wait. `found` holds the notes that exist."""
    moment = int(time.time())
    old = [key for key in keys if (row := found.get(key)) is None or row.noted_at < moment - NOTE_SECONDS]
    put_many([WaitingOriginRow(key.pk, key.sk, noted_at=moment) for key in old])


def add_job(change: Change, group: GroupRow, entry: EntryRow, project: ProjectRow, count: JobCountRow | None) -> None:
    """Add the five rows of a new job to a change. Stale if another call has started the entry."""
    job = _job(group, entry, project, 1 if count is None else int(count.jobs) + 1)
    change.add(job)
    put_in_queue(change, job)
    pointer = job_pointer_key(job.origin, job.name, int(job.number))
    change.add(JobPointerRow(pointer.pk, pointer.sk, job_id=job.id))
    change.update(
        job_count_key(job.origin, job.name),
        [JobCountRow.jobs.set(job.number)],
        JobCountRow.jobs.does_not_exist() if count is None else JobCountRow.jobs == count.jobs,
    )
    change.update(
        entry_key(int(group.id), entry.order),
        [EntryRow.state.set(EntryState.RUNNING.value), EntryRow.job_id.set(job.id)],
        (EntryRow.state == EntryState.WAITING.value) & EntryRow.waiting.does_not_exist(),
    )


def put_in_queue(change: Change, job: JobRow) -> None:
    """Let a job wait for a worker."""
    key = waiting_key(job)
    change.add(WaitingJobRow(key.pk, key.sk, job_id=job.id))


def _job(group: GroupRow, entry: EntryRow, project: ProjectRow, number: int) -> JobRow:
    moment = now()
    job_id = new_id(moment)
    key = job_key(job_id)
    return JobRow(
        key.pk,
        key.sk,
        id=job_id,
        group_id=group.id,
        entry=entry.order,
        origin=project.origin,
        name=project.package_name,
        target=group.target,
        state=JobState.PENDING.value,
        number=number,
        weight=entry.weight,
        project_id=project.id,
        plan_path=project.plan_path,
        vcs_data=project.vcs_data,
        installation_id=project.installation_id,
        repository_id=project.repository_id,
        created_at=timestamp(moment),
        updated_at=timestamp(moment),
    )
