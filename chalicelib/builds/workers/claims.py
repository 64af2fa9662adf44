"""The claim of a job by a worker.

One transaction hands the job over (`taking.py`). Interrupted before it, nothing has happened; interrupted after it, a
repeat of the same claim returns the job and continues with the start of the execution. A worker that does not repeat
its claim does not renew the lease either, and another worker gets the job.
"""

import time

from msgspec import Struct

from chalicelib.builds import motor, rows
from chalicelib.builds.rows import JobRow
from chalicelib.builds.workers import presence, search, taking
from chalicelib.builds.workers.errors import ClaimInvalid, ClaimRefused
from chalicelib.builds.workers.rows import ClaimRow, claim_hash, claim_key
from chalicelib.builds.workers.search import NoJob
from chalicelib.builds.workers.taking import Claim, ClaimTaken
from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.core.plain_text import is_plain
from chalicelib.core.target import Target, TargetUnknown
from chalicelib.platform import waiting
from chalicelib.platform.change import Stale
from chalicelib.platform.config import config
from chalicelib.platform.table import read

LONGEST_WAIT = 20
"""What a request may ask for. The service may answer earlier."""

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0
"""Seconds between two searches of a request that waits. The pauses grow, because a new group may take so long to start.

In a minute, that is at most 45 searches, of one to three calls each.
"""

BUSY_PAUSE = 1.0
"""The longest pause while jobs run, whose end lets others start. In a minute, at most 72 searches.

The worker that reports the end gets the first of them at once; the other idle workers search at different moments.

A search makes two calls for a worker of an origin. For a worker of all origins it makes two, and one for each origin
that had jobs in the last five minutes. This costs a twentieth of the time of the function that waits.
"""

TRIES = 8
"""How often a search begins again because another worker was faster."""

SPREADS = (1, 4, 16, 32)
"""Among how many of the first jobs each search chooses; the last number holds for all further ones. The more workers
claim at the same moment, the more jobs are needed so that few choose the same.
"""

SHORTEST_CLAIM, LONGEST_TEXT = 16, 100

sleep = waiting.sleep
clock = time.monotonic


class Request(Struct, frozen=True):
    """The fields of a request for a job, as the worker sent them."""

    target: str
    claim: str
    name: str
    wait: float = 0

    def __repr__(self) -> str:
        return "Request(...)"  # a caller that knows the id can repeat the claim


def claim(request: Request, worker: WorkerAccess) -> JobRow | None:
    """Return the job that a worker holds from now on, or None if there is none within `wait` seconds.

    Returns None earlier if many requests wait already (platform/waiting.py).

    A repeat returns the same job while the worker holds it. The execution of the job is started. Whether the credential
    of the worker was revoked meanwhile is checked with the answer (bundle.py). Raises ClaimInvalid, ClaimRefused, and
    StoreUnavailable.
    """
    wanted = _checked(request, worker)
    presence.note(presence.reference_of(worker), wanted.target)
    before = read(claim_key(wanted.hash))
    job = _held(wanted, before)
    if job is None:
        with waiting.place(request.wait) as seconds:
            job = _next_job(wanted, before, clock() + seconds)
    if job is not None:
        motor.start_job(int(job.id), int(job.attempt))
    return job


def _checked(request: Request, worker: WorkerAccess) -> Claim:
    if config.functional_test and not config.functional_test_workers:
        # builds.md 1.6
        raise ClaimRefused("In functional-test mode no worker may run jobs, unless BLDR_FUNC_TEST_WORKERS allows it")
    if not SHORTEST_CLAIM <= len(request.claim) <= LONGEST_TEXT or not is_plain(request.claim):
        raise ClaimInvalid(f"`claim` must be {SHORTEST_CLAIM} to {LONGEST_TEXT} printable characters")
    if not request.name.strip() or len(request.name) > LONGEST_TEXT or not is_plain(request.name):
        raise ClaimInvalid(f"`worker` must be 1 to {LONGEST_TEXT} printable characters")
    if not 0 <= request.wait <= LONGEST_WAIT:
        raise ClaimInvalid(f"`wait` must be 0 to {LONGEST_WAIT} seconds")
    try:
        target = Target.parse(request.target)
    except TargetUnknown as problem:
        raise ClaimInvalid(str(problem)) from problem
    if target not in worker.targets:
        raise ClaimRefused(f"The worker may not build for {target}")
    return Claim(worker, target, claim_hash(worker.id, request.claim), request.name)


def _held(wanted: Claim, row: ClaimRow | None) -> JobRow | None:
    """Return the job of an earlier request with the same claim, if the worker still holds it."""
    job = None if row is None else read(rows.job_key(int(row.job_id)))
    if row is None or job is None or job.claim != wanted.hash or job.attempt != row.attempt:
        return None
    return job if job.job_state.is_held and job.result is None else None


def _next_job(wanted: Claim, before: ClaimRow | None, deadline: float) -> JobRow | None:
    if wanted.worker.claimed_job:
        raise ClaimRefused("The code has been used")
    pause = FIRST_PAUSE
    while True:
        try:
            found = _take_next(wanted, before)
        except ClaimTaken:  # by an earlier request whose answer the worker has not waited for
            return _held(wanted, read(claim_key(wanted.hash)))
        if not isinstance(found, NoJob):
            return found
        if clock() + pause > deadline:
            return None
        sleep(pause)
        if waiting.is_over():
            return None
        pause = min(BUSY_PAUSE if found.is_busy else LONGEST_PAUSE, pause * 1.5)


def _take_next(wanted: Claim, before: ClaimRow | None) -> JobRow | NoJob:
    for tries in range(TRIES):
        spread = SPREADS[min(tries, len(SPREADS) - 1)]
        found = search.next_waiting(wanted.target, wanted.worker.origin, spread)
        if isinstance(found, NoJob):
            return found
        try:
            return taking.take(wanted, before, found)
        except Stale:
            continue
    return NoJob(is_busy=True)
