"""The log of a job is archived when the job has ended (builds.md 9.3)."""

import pytest

from chalicelib.builds.jobs import logs
from chalicelib.builds.jobs.archive import archive
from chalicelib.core.builds.build_states import JobState
from chalicelib.platform.clock import new_id, now
from tests.builders.job_rows import a_job, job_row

pytestmark = pytest.mark.usefixtures("table")


def test_the_log_of_a_job_that_another_worker_may_continue_stays() -> None:
    job = a_job(JobState.DISPATCHED)
    logs.append(int(job.id), 1, 0, ["a line"])

    archive(int(job.id))

    assert not job_row(int(job.id)).is_archived
    assert list(logs.live_lines(int(job.id), 0)) == ["a line"]


def test_a_job_that_does_not_exist_has_no_log() -> None:
    archive(new_id(now()))
