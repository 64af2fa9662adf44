"""Errors of a worker: of its start, of a step of a job, and of a build."""

from bldr.errors import BldrError
from chalicelib.core.builds.build_states import JobError


class WorkerUnusable(BldrError):
    """The worker cannot run on this machine or with these options."""


class CredentialRefused(BldrError):
    """The Builder accepts no claims with the credential of the worker."""

    def __init__(self, answer: str) -> None:
        super().__init__(
            f"{answer}; the credential of this worker was revoked, or it may not build this target; an administrator "
            "of the origin, or the operator, can make another one"
        )


class StepFailed(Exception):
    """A step of a job failed. `str()` is the text for the log; `step` names the step in words."""

    def __init__(self, error: JobError, step: str, message: str) -> None:
        super().__init__(message)
        self.error = error
        self.step = step


class BuildFailed(Exception):
    """A build failed. `phase` is the phase of the plan, empty if unknown; `ident` what was to be built, if known."""

    def __init__(self, message: str, phase: str = "", ident: str = "") -> None:
        super().__init__(message)
        self.phase = phase
        self.ident = ident


class ExportFailed(Exception):
    """The export of a package to a container registry failed."""
