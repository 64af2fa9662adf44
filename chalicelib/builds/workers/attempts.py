"""What the worker of a job reports: that it is alive, and how the build ended."""

import time

from msgspec import json
from msgspec.structs import replace

from chalicelib.builds import motor, rows
from chalicelib.builds.engine import settling
from chalicelib.builds.engine.settling import Result, ResultKind
from chalicelib.builds.rows import JobRow
from chalicelib.builds.workers import presence
from chalicelib.builds.workers.errors import ResultDiffers, ResultInvalid
from chalicelib.catalog.package_rows import package_key
from chalicelib.core.builds.build_access import JobAccess
from chalicelib.core.builds.build_states import HELD_STATES, JobState
from chalicelib.core.ident import IdentMalformed, PackageIdent
from chalicelib.core.target import Target
from chalicelib.identity.errors import AttemptOver
from chalicelib.platform import logs
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import Stale, retry_when_stale, update_if
from chalicelib.platform.config import config
from chalicelib.platform.table import StoreUnavailable, read


def heartbeat(access: JobAccess) -> bool:
    """Renew the lease of a job, and return whether its worker must cancel the build. Raises AttemptOver.

    The state becomes CancelProcessing with the answer that tells the worker to cancel (builds.md 8.6). Three calls.
    """
    job = retry_when_stale(lambda: _renew(access))
    presence.note(str(job.worker_id), Target(job.target))
    if job.task_token:
        motor.heartbeat(job.task_token)
    return job.job_state is JobState.CANCEL_PENDING or job.job_state is JobState.CANCEL_PROCESSING


def _renew(access: JobAccess) -> JobRow:
    job = _held_job(access)
    actions = [JobRow.lease_until.set(int(time.time()) + config.lease_seconds)]
    if job.job_state is JobState.CANCEL_PENDING:
        actions.append(JobRow.state.set(str(JobState.CANCEL_PROCESSING)))
    renewed = update_if(rows.job_key(access.job_id), _is_held(access) & (JobRow.state == job.state), actions)
    if renewed is None:
        raise Stale
    return renewed


def report(access: JobAccess, result: Result) -> None:
    """Store the result of a job, settle it, and wake its execution. A repeat changes nothing while the job is held.

    The result is stored first, and on its own: after an interruption the execution settles the job, or the watchdog. So
    a table that is unavailable after this write does not fail the report. The dependents of a complete job start within
    the request, because workers wait for them.

    Raises ResultInvalid, ResultDiffers, and AttemptOver.
    """
    job = retry_when_stale(lambda: _store(access, _without_foreign_ident(access, result)))
    try:
        settling.settle_in_request(job)
    except StoreUnavailable as problem:
        logs.failed_call(problem)
    if job.task_token:
        motor.end_wait(job.task_token)


def _without_foreign_ident(access: JobAccess, result: Result) -> Result:
    """Return a result without an ident of another package, which the plan of a failed build may have named."""
    is_own = result.ident.startswith(f"{access.origin}/{access.name}/")
    return result if is_own or result.kind is ResultKind.COMPLETE else replace(result, ident="")


def _store(access: JobAccess, result: Result) -> JobRow:
    job, text = _held_job(access), json.encode(result).decode()
    if job.result is not None:
        if job.result != text:
            raise ResultDiffers
        return job
    if result.kind is ResultKind.COMPLETE:
        _demand_published(job, result.ident)
    unreported = _is_held(access) & JobRow.result.does_not_exist()
    stored = update_if(rows.job_key(access.job_id), unreported, [JobRow.result.set(text)])
    if stored is None:
        raise Stale
    return stored  # with the token of an execution that has begun to wait meanwhile


def _demand_published(job: JobRow, ident: str) -> None:
    own = _demand_own(job, ident)
    if read(package_key(own, Target(job.target))) is None:
        raise ResultInvalid(f"`ident` must be a release in the depot for {job.target}, not {ident!r}")


def _demand_own(job: JobRow, ident: str) -> PackageIdent:
    try:
        parsed = PackageIdent.parse(ident)
    except IdentMalformed as problem:
        raise ResultInvalid(f"`ident` must be origin/name/version/release, not {ident!r}") from problem
    if (parsed.origin, parsed.name) != (job.origin, job.name):
        raise ResultInvalid(f"`ident` must be a release of {job.project}, not {ident!r}")
    return parsed


def _held_job(access: JobAccess) -> JobRow:
    job = read(rows.job_key(access.job_id))
    if job is None or job.attempt != access.attempt or not job.job_state.is_held:
        raise AttemptOver
    return job


def _is_held(access: JobAccess) -> Condition:
    condition: Condition = (JobRow.attempt == access.attempt) & JobRow.state.is_in(*HELD_STATES)
    return condition
