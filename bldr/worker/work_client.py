"""Client of the protocol between a worker and its Builder: claims, heartbeats, log lines and results."""

from msgspec import Struct

from bldr.config import Credentials
from bldr.http_transport import HttpTransport, Request, RetryPolicy
from bldr.worker.bundle import Bundle
from chalicelib.core.target import Target

WORK = ("work",)
NO_RETRIES = RetryPolicy(retries=0)
"""The callers repeat requests themselves, because they must notice a stop between two attempts."""

RESPONSE_SECONDS = 40.0
"""How long to wait for a response. The function behind a claim answers within 29 s."""

ATTEMPT_OVER = (401, 403, 404, 409, 410)
"""Statuses of a job that this worker does not hold any more."""


class Heartbeat(Struct):
    """The response to a heartbeat: whether the job must be canceled."""

    cancel: bool = False


class Result(Struct, frozen=True, omit_defaults=True):
    """How a job ended: `complete`, `failed`, `canceled` or `returned` (another worker must build it).

    `error` is a value of JobError. `step` names the failed step, `last_lines` is the end of the build's output.
    """

    kind: str
    ident: str = ""
    error: str = ""
    step: str = ""
    last_lines: str = ""
    build_started_at: str = ""
    build_finished_at: str = ""


class WorkClient:
    """Claims jobs with the credential of the worker. Methods raise Unreachable, RequestRefused, ResponseMalformed."""

    def __init__(self, credentials: Credentials, worker: str) -> None:
        self.address = credentials.address
        self.worker = worker
        self._transport = HttpTransport(credentials, NO_RETRIES, RESPONSE_SECONDS)

    def claim(self, target: Target, claim_id: str, wait: float) -> Bundle | None:
        """Return a job, or None if there is none within `wait` seconds. A repeat with the same id is safe."""
        body = {"target": str(target), "claim": claim_id, "worker": self.worker, "wait": wait}
        request = Request("POST", (*WORK, "claims"), "claim a job", json=body, accept=(200, 204))
        response = self._transport.send(request)
        return None if response.status_code == 204 else self._transport.decode(response, Bundle)

    def of_job(self, bundle: Bundle) -> "JobClient":
        """Return a client with the token of a job."""
        return JobClient(Credentials(self.address, bundle.token), bundle.job.id)


class JobClient:
    """Reports about one job with the token of the job. Methods raise Unreachable, RequestRefused, ResponseMalformed."""

    def __init__(self, credentials: Credentials, job_id: str) -> None:
        self._transport = HttpTransport(credentials, NO_RETRIES, RESPONSE_SECONDS)
        self._path = (*WORK, "jobs", job_id)
        self._job_id = job_id

    def heartbeat(self) -> bool:
        """Renew the lease of the job; return whether it must be canceled."""
        request = Request("POST", (*self._path, "heartbeat"), f"renew the lease of job {self._job_id}", json={})
        return self._transport.fetch(request, Heartbeat).cancel

    def send_log(self, first: int, lines: list[str]) -> None:
        """Append lines to the log; `first` is the number of lines before them. A repeat is safe."""
        body = {"first": first, "lines": lines}
        purpose = f"send the log of job {self._job_id}"
        self._transport.send(Request("POST", (*self._path, "log"), purpose, json=body, accept=(200, 204)))

    def report(self, result: Result) -> None:
        """Report how the job ended. A repeat is safe."""
        fields = {name: getattr(result, name) for name in result.__struct_fields__}
        body = {name: value for name, value in fields.items() if value}
        purpose = f"report the result of job {self._job_id}"
        self._transport.send(Request("POST", (*self._path, "result"), purpose, json=body, accept=(200, 204)))
