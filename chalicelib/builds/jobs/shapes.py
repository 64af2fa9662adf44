"""Shapes of jobs and logs over HTTP (builds.md 3.1, 3.3)."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.builds.rows import JobRow, channel_of
from chalicelib.core.builds.job_log import LOG_LINES
from chalicelib.http.query import Lenient, Unsigned


class JobsQuery(Struct):
    """The first row of a list of jobs, rounded down to a page of 50."""

    range: int = 0


class LogQuery(Struct):
    """The first line, whether to keep ANSI sequences, and how many seconds to wait for a new line."""

    start: Unsigned = 0
    color: Lenient = False
    wait: Unsigned = 0


class LogChunk(Struct):
    """Consecutive lines of a log, without line ends. `first` is the number of the first one in the attempt, from 0."""

    first: Annotated[int, Meta(ge=0, le=LOG_LINES)]
    lines: Annotated[list[str], Meta(max_length=LOG_LINES)]


class JobFailure(Struct):
    """The step of a job that failed."""

    code: int
    msg: str


class Job(Struct, kw_only=True):
    """A job. `owner_id` is the id of its group. Fields that are not known yet are left out.

    `channels` and `platforms` are those of the package that was built; lists of jobs leave them out.
    """

    id: str
    created_at: str
    origin: str
    name: str
    version: str | UnsetType = UNSET
    release: str | UnsetType = UNSET
    build_started_at: str | UnsetType = UNSET
    build_finished_at: str | UnsetType = UNSET
    owner_id: str
    state: str
    error: JobFailure | UnsetType = UNSET
    channel: str
    target: str
    channels: list[str] | UnsetType = UNSET
    platforms: list[str] | UnsetType = UNSET

    @classmethod
    def of(cls, row: JobRow) -> Job:
        """Return the job in a row, without its channels and platforms."""
        _, _, version, release = (row.ident or "///").split("/")
        failed = row.error_code is not None
        return cls(
            id=str(row.id),
            created_at=zoned(row.created_at),
            origin=row.origin,
            name=row.name,
            version=version or UNSET,
            release=release or UNSET,
            build_started_at=zoned(row.build_started_at) if row.build_started_at else UNSET,
            build_finished_at=zoned(row.build_finished_at) if row.build_finished_at else UNSET,
            owner_id=str(row.group_id),
            state=row.state,
            error=JobFailure(int(row.error_code), row.error_message or "") if failed else UNSET,
            channel=channel_of(int(row.group_id)),
            target=row.target,
        )


class JobList(Struct):
    """A page of the jobs of a project, newest first."""

    range_start: int
    range_end: int
    total_count: int
    data: list[Job]


class JobDetails(Struct):
    """The progress of a job, and why it failed.

    `attempt` counts the workers that have held the job. `failed_step` is the step in words, `last_lines` the end of
    its log.
    """

    id: str
    state: str
    attempt: int
    worker: str | None
    claimed_at: str | None
    log_lines: int
    failed_step: str | None
    last_lines: list[str]

    @classmethod
    def of(cls, row: JobRow) -> JobDetails:
        """Return the details in a row."""
        return cls(
            id=str(row.id),
            state=row.state,
            attempt=int(row.attempt),
            worker=row.worker,
            claimed_at=zoned(row.claimed_at) if row.claimed_at else None,
            log_lines=int(row.log_lines),
            failed_step=row.failed_step,
            last_lines=row.last_lines.split("\n") if row.last_lines else [],
        )


class Log(Struct):
    """A part of a log. `stop` is the number of the line after the last one."""

    start: int
    stop: int
    content: list[str]
    is_complete: bool


def zoned(moment: str) -> str:
    """Return a stored time with the offset of UTC, as clients read the times of jobs and groups (builds.md 1.3)."""
    return moment if moment.endswith(("Z", "+00:00")) else moment + "+00:00"
