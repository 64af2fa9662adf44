"""A Builder as a worker sees it: a real HTTP server with jobs to claim, logs, results, keys, packages and channels."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chalicelib.core.harts.hart import read_hart, tdeps
from chalicelib.core.ident import PackageIdent
from chalicelib.core.keys.key_file import KeyFile
from tests.builders.hart import Hart
from tests.builders.keys import a_signing_pair
from tests.builders.waiting import until

WORKER_TOKEN = "bldrw_credential_of_the_worker"
JOB_TOKEN = "token-of-the-job-0123456789"
READ_TOKEN = "read-token-0123456789"

Answer = tuple[int, bytes]


@dataclass
class FakeJob:
    """A job, and what its worker has reported about it."""

    bundle: dict[str, Any]
    claim: str = ""
    lines: list[str] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    heartbeats: int = 0
    cancel: bool = False
    over: bool = False

    @property
    def id(self) -> str:
        """The id of the job."""
        return str(self.bundle["job"]["id"])

    @property
    def result(self) -> dict[str, Any]:
        """The only result."""
        assert len(self.results) == 1, self.results
        return self.results[0]

    @property
    def log(self) -> str:
        """The log as text."""
        return "\n".join(self.lines)

    @property
    def sections(self) -> list[str]:
        """The names of the sections in the order of their ends."""
        return [line.rpartition("::")[2] for line in self.lines if line.startswith("builder_log_section::end::")]


@dataclass
class FakeBuilder:
    """The state of a Builder. `requests` are methods and paths, in order; `failing` gives statuses to answer first."""

    jobs: list[FakeJob] = field(default_factory=list)
    packages: dict[str, Hart] = field(default_factory=dict)
    channels: dict[str, list[str]] = field(default_factory=dict)
    uploads: list[dict[str, str]] = field(default_factory=list)
    failing: dict[str, list[int]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    duplicates: bool = False
    log_bytes_per_request: int = 0

    def __post_init__(self) -> None:
        self.keys: dict[str, tuple[KeyFile, KeyFile]] = {}
        self._lock = threading.RLock()
        self._server: _Server | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """The URL of the Builder."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = _Server(self.port, self)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening; keep the state."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def key_of(self, origin: str) -> tuple[KeyFile, KeyFile]:
        """Return the key pair of an origin."""
        return self.keys.setdefault(origin, a_signing_pair(origin))

    def add(self, bundle: dict[str, Any]) -> FakeJob:
        """Add a job to claim."""
        job = FakeJob(bundle)
        with self._lock:
            self.jobs.append(job)
        return job

    def publish(self, hart: Hart, *channels: str) -> None:
        """Add a package."""
        self.packages[f"{hart.path}"] = hart
        for channel in channels:
            self.channels.setdefault(f"{hart.ident.origin}/{channel}", []).append(hart.path)

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Answer a request below `/v1`."""
        path = urlsplit(target).path.removeprefix("/v1/")
        query = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
        with self._lock:
            self.requests.append(f"{method} {path}")
            for beginning, statuses in self.failing.items():
                if f"{method} {path}".startswith(beginning) and statuses:
                    return statuses.pop(0), b""
            parts = path.split("/")
            token = headers.get("Authorization", "").removeprefix("Bearer ")
            if parts[0] == "work":
                return self._work(parts[1:], token, body)
            return self._depot(method, parts, query, token, body)

    def _work(self, parts: list[str], token: str, body: bytes) -> Answer:
        if parts == ["claims"]:
            return self._claim(token, json.loads(body))
        if token != JOB_TOKEN:
            return 401, b""
        job = next(job for job in self.jobs if job.id == parts[1])
        if job.over:
            return 409, b""
        if parts[2] == "heartbeat":
            job.heartbeats += 1
            return 200, json.dumps({"cancel": job.cancel}).encode()
        if parts[2] == "log":
            return self.append_to_log(job, body)
        job.results.append(json.loads(body))
        return 204, b""

    def _claim(self, token: str, claim: dict[str, Any]) -> Answer:
        if token != WORKER_TOKEN:
            return 401, b""
        self.claims.append(claim["claim"])
        for job in self.jobs:
            if job.claim in ("", claim["claim"]) and not job.results:
                job.claim = claim["claim"]
                return 200, json.dumps(job.bundle).encode()
        return 204, b""

    def append_to_log(self, job: FakeJob, body: bytes) -> Answer:
        """Store lines; answer 409 for lines that do not continue the log, as the service does."""
        if self.log_bytes_per_request and len(body) > self.log_bytes_per_request:
            return 413, b""
        chunk = json.loads(body)
        first, lines = chunk["first"], chunk["lines"]
        if first + len(lines) <= len(job.lines):
            return 204, b""
        if first != len(job.lines):
            return 409, f"The next line of the log is {len(job.lines)}".encode()
        job.lines += lines
        return 204, b""

    def _depot(  # noqa: PLR0911 - one for each operation
        self, method: str, parts: list[str], query: dict[str, str], token: str, body: bytes
    ) -> Answer:
        match parts:
            case ["depot", "origins", origin, "secret_keys", "latest"] if token == JOB_TOKEN:
                return 200, self.key_of(origin)[1].text.encode()
            case ["depot", "origins", origin, "keys", _]:
                return 200, self.key_of(origin)[0].text.encode()
            case ["depot", "pkgs", *ident, "download"]:
                return 200, self.packages["/".join(ident)].content
            case ["depot", "pkgs", *ident] if method == "POST":
                return self._upload("/".join(ident), query, token, body)
            case ["depot", "channels", _, _] if method == "POST":
                key = f"{parts[2]}/{parts[3]}"
                known = key in self.channels
                self.channels.setdefault(key, [])
                return (409 if known else 201), b""
            case ["depot", "channels", origin, channel, "pkgs", *ident, "promote"]:
                self.channels[f"{origin}/{channel}"].append("/".join((origin, *ident)))
                return 200, b""
            case ["depot", "channels", origin, channel, "pkgs", *ident]:
                return self._find(origin, channel, ident)
        return 404, b""

    def _upload(self, ident: str, query: dict[str, str], token: str, body: bytes) -> Answer:
        if token != JOB_TOKEN:
            return 403, b""
        self.uploads.append({"ident": ident, **query})
        if self.duplicates or ident in self.packages:
            return 409, b""
        origin, name, version, release = ident.split("/")
        self.packages[ident] = Hart(body, PackageIdent(origin, name, version, release), query["target"])
        return 201, b""

    def _find(self, origin: str, channel: str, ident: list[str]) -> Answer:
        wanted = "/".join((origin, *(part for part in ident if part != "latest")))
        in_channel = self.packages if channel == "unstable" else self.channels.get(f"{origin}/{channel}", [])
        found = sorted(path for path in in_channel if f"{path}/".startswith(f"{wanted}/"))
        if not found:
            return 404, b""
        hart = self.packages[found[-1]]
        archive = read_hart(io.BytesIO(hart.content))
        package = {
            "ident": hart.ident.as_json(),
            "checksum": hart.checksum,
            "tdeps": [each.as_json() for each in tdeps(archive)],
            "channels": [],
        }
        return 200, json.dumps(package).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, builder: FakeBuilder) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.builder = builder


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, content = self.server.builder.answer(self.command, self.path, dict(self.headers), body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - names that http.server expects

    def log_message(self, *_: Any) -> None:
        """Do not log requests."""


@contextmanager
def fake_builder() -> Iterator[FakeBuilder]:
    """A running Builder."""
    builder = FakeBuilder()
    builder.start()
    try:
        yield builder
    finally:
        builder.stop()


def ended(job: FakeJob) -> bool:
    """Wait until a job has a result."""
    return until(lambda: bool(job.results), 60)
