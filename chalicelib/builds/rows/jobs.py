"""Rows of jobs, and the lists of jobs."""

from chalicelib.core.builds.build_states import JobState
from chalicelib.core.target import Target
from chalicelib.platform.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition

ATTEMPTS = 4
"""A job that loses its worker is tried again three times (builds.md 8.5)."""


class JobRow(Row):
    """A job: one build of an entry. `attempt` counts the workers that have held it, from 1.

    `result` is what the worker reported (JSON) and is not settled yet; `task_token` wakes the job's execution.
    `lease_until` (seconds of the epoch) is renewed by the worker that holds the job. `claim` is the hash of the id
    with which the worker claimed it. `log_base` is the line of the log with which the attempt began. `worker_id` is
    `origin/id` of the worker's credential, with an empty origin for workers of all origins; `worker` is the name that
    its process gave. `origin_slot` and `target_slot` are the rows that the running job occupies; a job that a worker of
    its own origin holds has no `target_slot`.
    """

    id = NumberAttribute()
    group_id = NumberAttribute()
    entry = UnicodeAttribute()
    origin = UnicodeAttribute()
    name = UnicodeAttribute()
    target = UnicodeAttribute()
    state = UnicodeAttribute()
    attempt = NumberAttribute(default=1)
    number = NumberAttribute()
    weight = NumberAttribute(default=0)
    project_id = NumberAttribute()
    plan_path = UnicodeAttribute()
    vcs_data = UnicodeAttribute()
    installation_id = UnicodeAttribute(default="")
    repository_id = NumberAttribute(default=0)
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    ident = UnicodeAttribute(null=True)
    build_started_at = UnicodeAttribute(null=True)
    build_finished_at = UnicodeAttribute(null=True)
    error_code = NumberAttribute(null=True)
    error_message = UnicodeAttribute(null=True)
    failed_step = UnicodeAttribute(null=True)
    last_lines = UnicodeAttribute(null=True)
    worker_id = UnicodeAttribute(null=True)
    worker = UnicodeAttribute(null=True)
    claim = UnicodeAttribute(null=True)
    claimed_at = UnicodeAttribute(null=True)
    lease_until = NumberAttribute(null=True)
    origin_slot = UnicodeAttribute(null=True)
    target_slot = UnicodeAttribute(null=True)
    task_token = UnicodeAttribute(null=True)
    result = UnicodeAttribute(null=True)
    log_base = NumberAttribute(default=0)
    log_lines = NumberAttribute(default=0)
    log_bytes = NumberAttribute(default=0)
    is_archived = BooleanAttribute(default=False)

    @property
    def job_state(self) -> JobState:
        """The state, parsed."""
        return JobState(self.state)

    @property
    def project(self) -> str:
        """`origin/name`."""
        return f"{self.origin}/{self.name}"


class JobPointerRow(Row):
    """Leads to a job in the list of a project's jobs. The sort key is the job's number among them."""

    job_id = NumberAttribute()


class JobCountRow(Row):
    """The number of a project's jobs, and the seconds that its last successful build took."""

    jobs = NumberAttribute(default=0)
    seconds = NumberAttribute(null=True)


class UnarchivedRow(Row):
    """A job that has ended and whose log may not be archived. `ended_at` is in seconds of the epoch."""

    ended_at = NumberAttribute()


def job_key(job_id: int) -> Key[JobRow]:
    """Key of a job."""
    return Key(JobRow, partition("JOB", str(job_id)), "JOB")


def project_jobs_partition(origin: str, name: str) -> str:
    """Partition of the jobs of a project name, all targets, oldest first."""
    return partition("PROJECT-JOBS", origin, name)


def job_pointer_key(origin: str, name: str, number: int) -> Key[JobPointerRow]:
    """Key of a job in the list of its project; `number` counts from 1."""
    return Key(JobPointerRow, project_jobs_partition(origin, name), f"JOB#{number:010d}")


def job_count_key(origin: str, name: str) -> Key[JobCountRow]:
    """Key of the number of a project's jobs."""
    return Key(JobCountRow, project_jobs_partition(origin, name), "COUNT")


def unarchived_partition(target: Target) -> str:
    """Partition of the jobs of a target that have ended and whose logs may not be archived, oldest first."""
    return partition("UNARCHIVED", target)


def unarchived_key(job: JobRow) -> Key[UnarchivedRow]:
    """Key of a job among those whose logs may not be archived."""
    return Key(UnarchivedRow, unarchived_partition(Target(job.target)), f"{int(job.id):019d}")
