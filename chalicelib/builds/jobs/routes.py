"""Jobs and logs over HTTP (builds.md 2.7, 3.2, 3.3)."""

from __future__ import annotations

from typing import Any

from chalicelib.builds.errors import IdMalformed, JobMissing
from chalicelib.builds.jobs import shapes
from chalicelib.builds.jobs.errors import STATUS, ChunkMisplaced, ChunkRefused, LogMissing
from chalicelib.builds.path_ids import parsed_id
from chalicelib.builds.rows import JobRow
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.core.visibility import Visibility
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, JOB, Routes
from chalicelib.identity.errors import AttemptOver, RoleMissing, SessionMissing

with deferred():
    from chalicelib.builds.jobs import logs, service

routes = Routes("jobs", STATUS)


def _id(call: Call) -> int:
    return parsed_id(call["id"])


def _job(call: Call) -> JobRow:
    return service.of_living_origin(_id(call))


def _log_request(_: Call, job_id: int, query: shapes.LogQuery) -> tuple[JobRow, shapes.LogQuery]:
    return service.with_id(job_id), query


@routes.get(
    "/projects/{origin}/{pkg}/jobs",
    needs=Role.READONLY_MEMBER,
    query=shapes.JobsQuery,
    answers={200: shapes.JobList, 206: shapes.JobList},
)
def list_jobs(call: Call, query: shapes.JobsQuery) -> Answer:
    """List the jobs of a project for all targets, newest first, in pages of 50."""
    page = service.of_project(call["origin"], call["pkg"], query.range, call.caller)
    stop = page.first + len(page.jobs) - 1 if page.jobs else service.PAGE - 1
    listed = shapes.JobList(page.first, stop, page.total, [shapes.Job.of(row) for row in page.jobs])
    more_follow = bool(page.jobs) and page.total > stop + 1
    return json_answer(206 if more_follow else 200, listed, NO_CACHE)


OF_JOB: dict[str, Any] = {
    "needs": Role.MEMBER,
    "checked_inside": True,
    "reads": _job,
    "errors": (IdMalformed, JobMissing),
}
"""The origin is that of the job, which is not in the path."""


@routes.get("/jobs/{id}", **OF_JOB, answers={200: shapes.Job})
def show_job(call: Call, job: JobRow) -> Answer:
    """Return a job."""
    call.caller.require_role(job.origin, Role.MEMBER)
    shown = shapes.Job.of(job)
    placements = service.placements(job)
    if placements is not None:
        shown.channels, shown.platforms = placements.channels, placements.platforms
    return json_answer(200, shown)


@routes.get("/builds/jobs/{id}", **OF_JOB, answers={200: shapes.JobDetails})
def show_job_details(call: Call, job: JobRow) -> Answer:
    """Return the progress of a job: its attempt, its worker, and the step and last lines of a failed one."""
    call.caller.require_role(job.origin, Role.MEMBER)
    return json_answer(200, shapes.JobDetails.of(job), NO_CACHE)


@routes.post(
    "/work/jobs/{id}/log",
    needs=JOB,
    scope=Scope.BUILD,
    body=shapes.LogChunk,
    answers={204: None},
    errors=(AttemptOver, ChunkMisplaced, ChunkRefused),
)
def append_log(call: Call, body: shapes.LogChunk) -> Answer:
    """Append lines to the log of a job. Lines that are stored already are ignored.

    With 409 the attempt has ended, or lines before these are missing; the text then names the next line.
    """
    access = call.caller.require_job(call["id"])
    logs.append(access.job_id, access.attempt, body.first, body.lines)
    return EMPTY_204


@routes.get(
    "/jobs/{id}/log",
    needs=ANYONE,
    hides_private=True,
    query=shapes.LogQuery,
    reads_id=_id,
    reads=_log_request,
    answers={200: shapes.Log},
    errors=(IdMalformed, JobMissing, LogMissing, RoleMissing, SessionMissing),
)
def show_log(call: Call, request: tuple[JobRow, shapes.LogQuery]) -> Answer:
    """Return a part of a job's log. Only members of the origin may read the log of a private package.

    Only members can wait for more lines: a request that waits occupies a function, and strangers could occupy all.
    """
    job, query = request
    if service.log_visibility(job) is not Visibility.PUBLIC:
        call.caller.require_role(job.origin, Role.MEMBER)
    may_wait = query.wait > 0 and call.caller.has_role(job.origin, Role.READONLY_MEMBER)
    part = logs.part(job, query.start, query.color, query.wait if may_wait else 0)
    return json_answer(200, shapes.Log(part.start, part.stop, part.content, part.is_complete), NO_CACHE)
