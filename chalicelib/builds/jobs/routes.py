"""Jobs and logs over HTTP (builds.md 2.7, 3.2, 3.3)."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.builds.errors import IdMalformed, JobMissing
from chalicelib.builds.jobs import shapes
from chalicelib.builds.jobs.errors import STATUS, ChunkMisplaced, ChunkRefused, LogMissing
from chalicelib.builds.rows import JobRow
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.token_scope import Scope
from chalicelib.core.visibility import Visibility
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.query import QueryMalformed
from chalicelib.http.routes import ANYONE, JOB, Routes
from chalicelib.identity.errors import AttemptOver, RoleMissing, SessionMissing

with deferred():
    from chalicelib.builds.jobs import logs, service

routes = Routes("jobs", STATUS)

TRUE = frozenset({"true", "TRUE", "t", "T", "1", "on", "ON"})
FALSE = frozenset({"false", "FALSE", "f", "F", "0", "off", "OFF", ""})


class _LogRequest(Struct, frozen=True):
    job: JobRow
    start: int
    color: bool
    wait: int


def _job(call: Call) -> JobRow:
    return service.with_id(call["id"])


def _log_request(call: Call, query: shapes.LogQuery) -> _LogRequest:
    """Return the request after the refusals that come before authorisation, in the contract's order."""
    number = service.parsed_id(call["id"])
    if query.start < 0 or query.wait < 0:
        raise QueryMalformed("start and wait cannot be negative")
    if query.color not in TRUE | FALSE:
        raise QueryMalformed("color must be `true` or `false`")
    return _LogRequest(service.with_number(number), query.start, query.color in TRUE, query.wait)


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


@routes.get(
    "/jobs/{id}",
    needs=Role.MEMBER,
    checked_inside=True,
    reads=_job,
    answers={200: shapes.Job},
    errors=(IdMalformed, JobMissing),
)
def show_job(call: Call, job: JobRow) -> Answer:
    """Return a job."""
    call.caller.require_role(job.origin, Role.MEMBER)
    shown = shapes.Job.of(job)
    placements = service.placements(job)
    if placements is not None:
        shown.channels, shown.platforms = placements.channels, placements.platforms
    return json_answer(200, shown)


@routes.get(
    "/builds/jobs/{id}",
    needs=Role.MEMBER,
    checked_inside=True,
    reads=_job,
    answers={200: shapes.JobDetails},
    errors=(IdMalformed, JobMissing),
)
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
    reads=_log_request,
    answers={200: shapes.Log},
    errors=(IdMalformed, JobMissing, LogMissing, RoleMissing, SessionMissing),
)
def show_log(call: Call, request: _LogRequest) -> Answer:
    """Return a part of a job's log. Only members of the origin may read the log of a private package.

    Only members can wait for more lines: a request that waits occupies a function, and strangers could occupy all.
    """
    if service.log_visibility(request.job) is not Visibility.PUBLIC:
        call.caller.require_role(request.job.origin, Role.MEMBER)
    may_wait = request.wait > 0 and call.caller.has_role(request.job.origin, Role.READONLY_MEMBER)
    part = logs.part(request.job, request.start, request.color, request.wait if may_wait else 0)
    return json_answer(200, shapes.Log(part.start, part.stop, part.content, part.is_complete), NO_CACHE)
