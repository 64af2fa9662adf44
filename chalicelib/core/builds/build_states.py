"""States of job groups, their entries and jobs, and how the API shows them (builds.md 3.1, 4.1, 8.1)."""

from enum import StrEnum


class GroupState(StrEnum):
    """The state of a job group; the values are those of the API."""

    QUEUED = "Queued"
    PENDING = "Pending"
    DISPATCHING = "Dispatching"
    COMPLETE = "Complete"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def is_final(self) -> bool:
        """True once the state does not change any more."""
        return self in (GroupState.COMPLETE, GroupState.FAILED, GroupState.CANCELED)


class EntryState(StrEnum):
    """The state of an entry: one project of a job group."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELED = "canceled"
    MISSING = "missing"

    @property
    def is_final(self) -> bool:
        """True once the state does not change any more."""
        return self not in (EntryState.WAITING, EntryState.RUNNING)

    @property
    def shown(self) -> str:
        """The project state that the API shows."""
        return _SHOWN[self]

    @staticmethod
    def of_shown(text: str) -> "EntryState":
        """Return the state that the API shows as a text. Raises KeyError."""
        return _BY_SHOWN[text]


class JobState(StrEnum):
    """The state of a job; the values are those of the API."""

    PENDING = "Pending"
    DISPATCHED = "Dispatched"
    PROCESSING = "Processing"
    COMPLETE = "Complete"
    REJECTED = "Rejected"
    FAILED = "Failed"
    CANCEL_PENDING = "CancelPending"
    CANCEL_PROCESSING = "CancelProcessing"
    CANCEL_COMPLETE = "CancelComplete"

    @property
    def is_final(self) -> bool:
        """True once the state does not change any more."""
        return self in (JobState.COMPLETE, JobState.FAILED, JobState.CANCEL_COMPLETE)

    @property
    def is_held(self) -> bool:
        """True while a worker holds the job."""
        return self in (
            JobState.DISPATCHED,
            JobState.PROCESSING,
            JobState.CANCEL_PENDING,
            JobState.CANCEL_PROCESSING,
        )


HELD_STATES = tuple(state.value for state in JobState if state.is_held)
"""The states of a job while a worker holds it, for conditions of writes."""


class JobError(StrEnum):
    """The step of a job that failed (builds.md 3.1). `code` is the number that the API shows."""

    TIMEOUT = "timeout"
    SYSTEM = "system"
    WORKSPACE = "wk:run:workspace"
    KEY = "wk:run:key"
    CLONE = "wk:run:clone:1"
    BUILD = "wk:run:build"
    PUBLISH = "wk:run:postprocess"
    VALIDATE = "wk:run:validate"
    EXPORT = "wk:run:export"

    @property
    def code(self) -> int:
        """The number of the error."""
        return _CODES[self]


_SHOWN = {
    EntryState.WAITING: "NotStarted",
    EntryState.RUNNING: "InProgress",
    EntryState.COMPLETE: "Success",
    EntryState.FAILED: "Failure",
    EntryState.SKIPPED: "Skipped",
    EntryState.CANCELED: "Canceled",
    EntryState.MISSING: "NotFound",
}
_BY_SHOWN = {shown: state for state, shown in _SHOWN.items()}
_CODES = {
    JobError.TIMEOUT: 1,
    JobError.SYSTEM: 14,
    JobError.WORKSPACE: 1000,
    JobError.KEY: 1001,
    JobError.CLONE: 1003,
    JobError.BUILD: 1004,
    JobError.PUBLISH: 1005,
    JobError.VALIDATE: 1006,
    JobError.EXPORT: 1007,
}
