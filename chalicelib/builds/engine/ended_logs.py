"""The note that a job has ended and that its log must be archived, which outlives the execution of the job."""

import time

from chalicelib.builds.rows import JobRow, UnarchivedRow, unarchived_key
from chalicelib.platform.change import Change


def note_log(change: Change, job: JobRow) -> None:
    """Add the note to the change that ends a job. A job that no worker has held has no log."""
    if job.job_state.is_held or job.log_lines:
        key = unarchived_key(job)
        change.put(UnarchivedRow(key.pk, key.sk, ended_at=int(time.time())))
