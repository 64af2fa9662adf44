"""What the report of a worker, or its silence, means for a job and its entry (builds.md 8.4, 8.5)."""

from enum import StrEnum

from msgspec import Struct

from chalicelib.builds.rows import ATTEMPTS
from chalicelib.core.builds.build_states import EntryState, JobError, JobState


class Cause(StrEnum):
    """Why an execution of a job settles it."""

    REPORTED = "reported"
    LOST = "lost"
    TIMED_OUT = "timed out"
    NEVER_CLAIMED = "never claimed"


class ResultKind(StrEnum):
    """How a build ended, as its worker reports it."""

    COMPLETE = "complete"
    FAILED = "failed"
    CANCELED = "canceled"
    RETURNED = "returned"


class Result(Struct, frozen=True, omit_defaults=True):
    """What a worker reports about a job; stored as JSON in `JobRow.result`.

    `error` is a value of core.build_states.JobError. `step` is the failed step in words, `last_lines` the end of the
    log. `returned` hands the job back, so that another worker builds it.
    """

    kind: ResultKind
    ident: str = ""
    error: str = ""
    step: str = ""
    last_lines: str = ""
    build_started_at: str = ""
    build_finished_at: str = ""


class Outcome(Struct, frozen=True):
    """The next states of a job and its entry.

    The entry is running if the job gets another attempt. `step` says in words why the job failed, if no worker did.
    """

    job: JobState
    entry: EntryState
    error: JobError | None = None
    step: str = ""

    @property
    def is_another_attempt(self) -> bool:
        """True if the job waits for a worker again."""
        return not self.job.is_final


COMPLETE = Outcome(JobState.COMPLETE, EntryState.COMPLETE)
CANCELED = Outcome(JobState.CANCEL_COMPLETE, EntryState.CANCELED)
AGAIN = Outcome(JobState.PENDING, EntryState.RUNNING)
TIMED_OUT = Outcome(JobState.FAILED, EntryState.FAILED, JobError.TIMEOUT, "The build took longer than its time limit.")
NEVER_CLAIMED = Outcome(JobState.FAILED, EntryState.FAILED, JobError.TIMEOUT, "No worker took the job in time.")
WORKERS_LOST = Outcome(
    JobState.FAILED, EntryState.FAILED, JobError.TIMEOUT, f"The job lost its worker in each of {ATTEMPTS} attempts."
)


def outcome_of(
    state: JobState, attempt: int, cause: Cause, result: Result | None, group_has_ended: bool
) -> Outcome | None:
    """Return what becomes of an attempt in a state, or None if the cause does not apply to it any more.

    A result counts more than the cause. Of a canceled job every result is ignored (builds.md 19). A job without a
    result is tried again, except in a group that has been canceled or has failed.
    """
    if not state.is_held:
        return NEVER_CLAIMED if state is JobState.PENDING and cause is Cause.NEVER_CLAIMED else None
    if cause is Cause.NEVER_CLAIMED and result is None:
        return None
    if state in (JobState.CANCEL_PENDING, JobState.CANCEL_PROCESSING):
        return CANCELED
    if result is not None and result.kind is not ResultKind.RETURNED:
        return _reported(result)
    return TIMED_OUT if result is None and cause is Cause.TIMED_OUT else _after_loss(attempt, group_has_ended)


def _after_loss(attempt: int, group_has_ended: bool) -> Outcome:
    if group_has_ended:
        return CANCELED
    return AGAIN if attempt < ATTEMPTS else WORKERS_LOST


def _reported(result: Result) -> Outcome:
    if result.kind is ResultKind.COMPLETE:
        return COMPLETE
    if result.kind is ResultKind.CANCELED:
        return CANCELED
    known = result.error in JobError.__members__.values()
    return Outcome(JobState.FAILED, EntryState.FAILED, JobError(result.error) if known else JobError.SYSTEM)
