"""The end of a job: its final state, that of its entry, and what follows for the dependents and the group."""

from enum import StrEnum

from msgspec import Struct


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


def settle(job_id: int, attempt: int, cause: Cause) -> None:
    """Settle an attempt of a job from its row: what the worker reported counts more than the cause.

    A lost or returned attempt leads to another one, at most ATTEMPTS. Does nothing for an attempt that is settled.
    Then passes the entry's final state on, and wakes the group when nothing is left to do.
    """
    raise NotImplementedError
