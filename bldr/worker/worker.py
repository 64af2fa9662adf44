"""The loop of a worker: claim a job, do it, report its result.

An unreachable Builder never ends it. A Builder that refuses its credential does, because only an administrator can mend
that.
"""

import math
import sys
import threading
import time
import traceback
from secrets import token_hex

from msgspec import Struct

from bldr.errors import BldrError, RequestRefused
from bldr.worker import work_folder
from bldr.worker.bundle import Bundle
from bldr.worker.errors import CredentialRefused
from bldr.worker.heartbeats import Heartbeats
from bldr.worker.job_run import JobRun, JobSettings
from bldr.worker.processes import kill_running_programs
from bldr.worker.stopping import Stopped, StopReason, StopSignal
from bldr.worker.strategy import Strategy
from bldr.worker.work_client import ATTEMPT_OVER, Result, WorkClient
from chalicelib.core.builds.build_states import JobError
from chalicelib.core.target import Target

CLAIM_SECONDS = 20.0
"""How long the Builder may wait for a job before it answers a claim."""

LOG_SECONDS = 60.0
"""How long to wait for the rest of the log to be sent before the result is reported."""

ENDING_SECONDS = 10.0
"""How long a worker that must end waits for a Builder that does not answer: for the log, and then for the report."""

REFUSALS = 3
"""After so many claims in a row that are refused with 401 or 403, the worker ends. A single one may be the answer of a
proxy in front of a Builder that restarts.
"""


class Pauses(Struct, frozen=True):
    """Pauses in seconds: after the first failed request, the longest one, and between claims without a job.

    `between` is the least time from one claim without a job to the next, because a busy Builder answers at once.
    """

    first: float = 0.5
    longest: float = 30.0
    idle: float = 0.2
    between: float = 2.0
    wait: float = CLAIM_SECONDS

    def after(self, failures: int) -> float:
        """Return the pause after a number of consecutive failures: exponential back-off."""
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 20))


DEFAULT_PAUSES = Pauses()


class Worker:
    """Does jobs of one target, one after the other, until a stop is requested."""

    def __init__(
        self,
        client: WorkClient,
        target: Target,
        strategy: Strategy,
        settings: JobSettings,
        pauses: Pauses = DEFAULT_PAUSES,
    ) -> None:
        self._client, self._target, self._strategy, self._settings = client, target, strategy, settings
        self._pauses = pauses
        self._ending = threading.Event()
        self._current: StopSignal | None = None

    def run(self, once: bool = False, idle_seconds: float = math.inf) -> int:
        """Do jobs until a stop is requested or no job came for a time, or only one job; return how many were done.

        Raises RequestRefused if the Builder will never accept the claims of this worker, and CredentialRefused.
        """
        done = 0
        while not self._ending.is_set():
            bundle = self._next_job(time.monotonic() + idle_seconds)
            if bundle is None:
                break
            self._do(bundle)
            done += 1
            if once:
                break
        return done

    @property
    def is_ending(self) -> bool:
        """Whether `end` was called."""
        return self._ending.is_set()

    def kill(self) -> None:
        """Kill the programs of the running job at once, before the process ends."""
        kill_running_programs()

    def end(self, grace: float) -> None:
        """Claim no more jobs, and return the current job to the Builder if it does not end within a time."""
        self._ending.set()
        timer = threading.Timer(grace, self._stop_current)
        timer.daemon = True
        timer.start()

    def _stop_current(self) -> None:
        if self._current is not None:
            self._current.request(StopReason.SHUTTING_DOWN)

    def _next_job(self, deadline: float) -> Bundle | None:
        """Wait for a job. A claim keeps its id until the Builder answers, so that no job is lost with an answer.

        A worker that has no place for a job claims none, because it would fail one job after the other.
        """
        claim_id, failures, refusals = token_hex(16), 0, 0
        while not self._ending.is_set() and time.monotonic() < deadline:
            if (obstacle := work_folder.problem_of(self._settings.work_folder)) is not None:
                failures += 1
                _report_failure(f"{obstacle}; no jobs are claimed", failures)
                self._ending.wait(self._pauses.after(failures))
                continue
            next_claim = time.monotonic() + self._pauses.between
            try:
                bundle = self._client.claim(self._target, claim_id, self._pauses.wait)
            except BldrError as problem:
                refusals = refusals + 1 if _is_refused(problem, 401, 403) else 0
                if refusals >= REFUSALS:
                    raise CredentialRefused(str(problem)) from problem
                if _is_refused(problem, 400, 422):
                    raise
                failures += 1
                _report_failure(problem, failures)
                self._ending.wait(self._pauses.after(failures))
                continue
            if bundle is not None:
                return bundle
            claim_id, failures, refusals = token_hex(16), 0, 0
            self._ending.wait(max(self._pauses.idle, next_claim - time.monotonic()))
        return None

    def _do(self, bundle: Bundle) -> None:
        stop, job = StopSignal(), self._client.of_job(bundle)
        self._current = stop
        name = f"job {bundle.job.id} ({bundle.job.origin}/{bundle.job.name}, attempt {bundle.job.attempt})"
        say(f"started {name}")
        if self._ending.is_set():
            stop.request(StopReason.SHUTTING_DOWN)
        run = JobRun(bundle, self._client, self._strategy, self._settings, stop)
        with Heartbeats(job, stop, bundle.limits.heartbeat_seconds):
            try:
                result = self._result(run)
                say(f"ended {name}: {self._report(bundle, result, stop)}")
            except Stopped as stopped:
                say(f"left {name}: {stopped.reason}")
        self._current = None
        try:
            run.clean_up()
        except OSError as problem:
            say(f"the workspace of {name} was not removed completely: {problem.strerror}")

    def _result(self, run: JobRun) -> Result:
        """Return the result of a job whose log was sent. Raises Stopped if the job is lost."""
        try:
            result = run.run()
        except Stopped:
            run.log.abandon()
            raise
        except Exception:  # noqa: BLE001 - a defect must not end the worker, and the job must end
            traceback.print_exc()
            result = Result("failed", error=JobError.SYSTEM, step="worker")
        self._send_rest_of(run)
        run.log.abandon()
        return result

    def _send_rest_of(self, run: JobRun) -> None:
        """Wait until the log was sent, for a shorter time once the worker must end."""
        deadline = time.monotonic() + LOG_SECONDS
        while time.monotonic() < deadline:
            if run.log.close(1.0):
                return
            time.sleep(0.1)
            if self._ending.is_set():
                deadline = min(deadline, time.monotonic() + ENDING_SECONDS)

    def _report(self, bundle: Bundle, result: Result, stop: StopSignal) -> str:
        """Report a result until the Builder accepts or refuses it, and return the outcome for the worker's output.

        The Builder gives the job to another worker when the lease ends, so reporting ends with the time of the job, or
        soon after the worker got the signal to end.
        """
        client, failures = self._client.of_job(bundle), 0
        deadline = time.monotonic() + bundle.limits.seconds
        while True:
            try:
                client.report(result)
                return result.kind
            except RequestRefused as refusal:
                if refusal.status in ATTEMPT_OVER:
                    return f"{result.kind}, but the Builder does not wait for it any more"
                if refusal.status in (400, 422) and result.kind == "complete":
                    say(str(refusal))
                    result = Result("failed", error=JobError.PUBLISH, step="report", last_lines="")
                    continue
                problem: BldrError = refusal
            except BldrError as error:
                problem = error
            failures += 1
            if self._ending.is_set():
                deadline = min(deadline, time.monotonic() + ENDING_SECONDS)
            if stop.reason is StopReason.LOST or time.monotonic() > deadline:
                return f"{result.kind}, not reported: {problem}"
            _report_failure(problem, failures)
            if self._ending.wait(self._pauses.after(failures)):
                time.sleep(self._pauses.first)


def _is_refused(problem: BldrError, *statuses: int) -> bool:
    return isinstance(problem, RequestRefused) and problem.status in statuses


def say(text: str) -> None:
    """Print a line of the worker's own output at once."""
    print(text, file=sys.stderr, flush=True)


def _report_failure(problem: BldrError | str, failures: int) -> None:
    """Print the first failure, and then ever fewer of its repeats."""
    if failures & (failures - 1) == 0:
        say(f"{problem} (attempt {failures}; trying again)")
