"""Metrics of builds, one log line each (builds.md 8.7; docs/OPERATIONS.md, "Metrics")."""

from __future__ import annotations

from chalicelib.core.builds.build_states import JobState
from chalicelib.core.deferred import deferred
from chalicelib.platform import logs

with deferred():
    from chalicelib.platform import emf

ENDS = {JobState.COMPLETE: "CompletedJobs", JobState.FAILED: "FailedJobs", JobState.CANCEL_COMPLETE: "CanceledJobs"}


def job_ended(target: str, state: JobState, seconds: int | None) -> None:
    """Count a job that has just got its final state. `seconds` is the duration of a build that is known."""
    metrics = {ENDS[state]: [1.0], "BuildDuration": [] if seconds is None else [float(seconds)]}
    logs.logger().info("job ended", extra=emf.members(({"target": target}, metrics)))


def clone_credentials_missing() -> None:
    """Count a job for which GitHub gave no token: its App may not be installed any more."""
    logs.logger().info("no clone credentials", extra=emf.members(({}, {"MissingCloneCredentials": [1.0]})))


def group_not_started(group_id: int) -> None:
    """Count a group that was created, but whose entries, jobs or execution an AWS failure left to its execution."""
    metrics = emf.members(({}, {"UnstartedGroups": [1.0]}))
    logs.logger().info("job group not started", extra={"group": group_id, **metrics})
