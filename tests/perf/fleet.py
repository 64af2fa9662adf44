"""Workers of the build service that claim, hold and end jobs at the same moment, on the simulated clock."""

from collections.abc import Iterator
from functools import partial
from unittest.mock import patch

from msgspec.structs import replace

from chalicelib.builds.engine.settling import Result, ResultKind
from chalicelib.builds.engine.starting import start_ready
from chalicelib.builds.rows import JobRow
from chalicelib.builds.workers import attempts
from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.core.target import Target
from chalicelib.platform.table import StoreUnavailable
from tests.builders.job_groups import a_group
from tests.builders.rows import empty_partition
from tests.builders.waiting_jobs import an_empty_origin
from tests.builders.workers import access_of_a_new_worker, access_to, claim
from tests.perf.measure import Outcome, measure

LINUX = Target.X86_64_LINUX
ORIGINS = 4
COMPLETE = Result(ResultKind.COMPLETE)
FAILED = Result(ResultKind.FAILED, error="wk:run:build")


def outcomes(workers: int, seed: int = 1) -> Iterator[Outcome]:
    """Yield what a number of workers come to that claim jobs of four origins, hold them and end them, all at once."""
    for kind, credentials, name, result in (
        ("one credential", [access_of_a_new_worker()] * workers, "reports of failures", FAILED),
        ("own credentials", [access_of_a_new_worker() for _ in range(workers)], "reports that start jobs", COMPLETE),
    ):
        held: list[JobRow] = []
        _write_jobs(workers)
        yield measure(f"claims, {kind}", [[partial(_claims, each, held)] for each in credentials], seed)
        for worker in credentials[len(held) :]:
            _claims(worker, held)
        if result is FAILED:
            yield measure("heartbeats", [[partial(_beats, job)] * 3 for job in held], seed)
        with patch.object(attempts, "_demand_published"):  # nothing was uploaded
            yield measure(name, [[partial(_reports, job, result)] for job in held], seed)


def _write_jobs(number: int) -> None:
    """Write groups of as many jobs as workers. Two further entries wait for each job, and each waits for two jobs."""
    for pk in (f"SLOTS#{LINUX}", f"WAITING-ORIGINS#{LINUX}"):
        empty_partition(pk)
    level = number // ORIGINS
    needs = [*[set[int]()] * level, *({each, (each + 1) % level} for each in range(level))]
    for _ in range(ORIGINS):
        group = a_group(needs, origin=an_empty_origin())
        start_ready(group.row, [group.entry(position) for position in range(level)])


def _claims(worker: WorkerAccess, held: list[JobRow]) -> bool:
    job = claim(worker)
    if job is not None:
        held.append(job)
    return job is not None


def _beats(job: JobRow) -> bool:
    try:
        return not attempts.heartbeat(access_to(job))
    except StoreUnavailable:
        return False


def _reports(job: JobRow, result: Result) -> bool:
    ident = f"{job.origin}/{job.name}/1.0/20240101000000" if result.kind is ResultKind.COMPLETE else ""
    try:
        attempts.report(access_to(job), replace(result, ident=ident))
    except StoreUnavailable:
        return False
    return True
