"""Workers over HTTP: their credentials, and the protocol with which they get and report jobs (docs/ORIGINS.md)."""

from __future__ import annotations

from chalicelib.builds.workers import shapes
from chalicelib.builds.workers.errors import (
    STATUS,
    ClaimInvalid,
    ClaimRefused,
    ResultDiffers,
    ResultInvalid,
    WorkerInvalid,
    WorkerMissing,
)
from chalicelib.catalog.errors import OriginMissing, TooManyInOrigin
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.core.unsigned import NotUnsigned, unsigned
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import JOB, WORKER, Routes
from chalicelib.identity.errors import AttemptOver

with deferred():
    from chalicelib.builds.workers import attempts, bundle, claims, results, service

routes = Routes("workers", STATUS)
WORKERS = "/workers/{origin}"
OF_JOB = "/work/jobs/{id}"


def _worker_id(call: Call) -> int:
    try:
        return unsigned(call["id"], bits=63)
    except NotUnsigned as problem:
        raise WorkerMissing from problem


@routes.get(WORKERS, needs=Role.ADMINISTRATOR, answers={200: shapes.Workers})
def list_workers(call: Call) -> Answer:
    """Return the workers of an origin without their tokens, oldest first."""
    listed = service.listed(call["origin"])
    workers = [shapes.Worker.of(each.row, each.last_seen, each.jobs) for each in listed]
    return json_answer(200, shapes.Workers(workers), NO_CACHE)


@routes.post(
    WORKERS,
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    body=shapes.NewWorker,
    answers={201: shapes.MadeWorker},
    errors=(OriginMissing, TooManyInOrigin, WorkerInvalid),
)
def make_worker(call: Call, body: shapes.NewWorker) -> Answer:
    """Create a worker that builds the jobs of an origin. Only this answer contains its token."""
    new = service.NewWorker.checked(body.name, body.targets)
    row, token = service.make(call["origin"], new, call.caller.require_session())
    made = shapes.MadeWorker(str(int(row.id)), row.name, row.targets.split(","), row.created_at, token)
    return json_answer(201, made, NO_CACHE)


@routes.delete(
    WORKERS + "/{id}",
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    reads=_worker_id,
    answers={204: None},
    errors=(OriginMissing, WorkerMissing),
)
def revoke_worker(call: Call, worker_id: int) -> Answer:
    """Revoke a worker. Its token becomes invalid immediately, and so do those of the jobs that it holds."""
    service.revoke(call["origin"], worker_id, call.caller.require_session())
    return EMPTY_204


@routes.post(
    "/work/claims",
    needs=WORKER,
    scope=Scope.BUILD,
    body=shapes.NewClaim,
    answers={200: shapes.Bundle, 204: None},
    errors=(AttemptOver, ClaimInvalid, ClaimRefused),
)
def claim_job(call: Call, body: shapes.NewClaim) -> Answer:
    """Hand a waiting job to the worker, with everything that its build needs.

    The status is 204 if no job may start within the time to wait. A repeat of a claim whose answer was lost returns the
    same job while the worker holds it.
    """
    request = claims.Request(body.target, body.claim, body.worker, body.wait)
    worker = call.caller.require_worker()
    job = claims.claim(request, worker)
    return EMPTY_204 if job is None else json_answer(200, bundle.of_job(job, worker), NO_CACHE)


@routes.post(OF_JOB + "/heartbeat", needs=JOB, scope=Scope.BUILD, answers={200: shapes.Heartbeat})
def renew_job(call: Call) -> Answer:
    """Renew the lease of a job. The answer says whether the worker must cancel the build.

    With 409 the attempt has ended, and the worker must stop.
    """
    cancel = attempts.heartbeat(call.caller.require_job(call["id"]))
    return json_answer(200, shapes.Heartbeat(cancel), NO_CACHE)


@routes.post(
    OF_JOB + "/result",
    needs=JOB,
    scope=Scope.BUILD,
    body=shapes.NewResult,
    answers={204: None},
    errors=(ResultDiffers, ResultInvalid),
)
def report_result(call: Call, body: shapes.NewResult) -> Answer:
    """Report how the build of a job ended. A repeat with the same content changes nothing."""
    attempts.report(call.caller.require_job(call["id"]), results.checked(body))
    return EMPTY_204
