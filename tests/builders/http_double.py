"""A double of another HTTP service: a real server that sends scripted answers and records the requests it receives."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.builders.waiting import PATIENCE

DRIP_SECONDS = 0.05


@dataclass(frozen=True)
class ReceivedRequest:
    """A request that the double received. `target` is the path and query as sent."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The decoded parameters of the query."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The decoded fields of a form in the body."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Scripted:
    """An answer. A `silent` answer, and the body of one that `drips`, is held back until the test ends.

    Meanwhile a dripping answer sends blanks, which JSON allows, so that its connection is never silent for long. A
    caller without a time limit also gets the answer, but only after `PATIENCE` seconds (see `outwaited`).
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    drips: bool = False


class HttpDouble:
    """Answers by method and path. A request without a scripted answer is 404."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[ReceivedRequest] = []
        self.test_ended = threading.Event()
        self.outwaited = False
        """True if a caller waited until the end of a silent or dripping answer."""
        self.choose: Callable[[ReceivedRequest], Scripted] = self.scripted
        """Chooses the answer to a request. Tests may replace it."""
        self._script: dict[tuple[str, str], Scripted] = {}

    def answers(self, method: str, path: str, json_body: Any = None, **answer: Any) -> None:
        """Script an answer: as JSON, or by the fields of `Scripted`."""
        if json_body is not None:
            answer["body"] = json.dumps(json_body).encode()
            answer.setdefault("headers", {"Content-Type": "application/json"})
        self._script[method, path] = Scripted(**answer)

    def answer_to(self, request: ReceivedRequest) -> Scripted:
        """Record a request and return its answer."""
        self.received.append(request)
        return self.choose(request)

    def scripted(self, request: ReceivedRequest) -> Scripted:
        """Return the scripted answer to a request."""
        return self._script.get((request.method, urlsplit(request.target).path), Scripted(404))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.double = HttpDouble(f"http://127.0.0.1:{self.server_port}")


@contextmanager
def http_double() -> Iterator[HttpDouble]:
    """A running double."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.double
    finally:
        server.double.test_ended.set()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = ReceivedRequest(self.command, self.path, dict(self.headers), body)
        try:
            self._send(self.server.double.answer_to(request))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client did not wait

    def _send(self, scripted: Scripted) -> None:
        if scripted.silent:
            self._hold_back(b"")
        self.send_response(scripted.status)
        length = {} if scripted.drips else {"Content-Length": str(len(scripted.body))}
        for name, value in {**length, **scripted.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if scripted.drips:
            self._hold_back(b" ")
        self.wfile.write(scripted.body)

    def _hold_back(self, drop: bytes) -> None:
        double = self.server.double
        for _ in range(round(PATIENCE / DRIP_SECONDS)):
            if double.test_ended.wait(DRIP_SECONDS):
                return
            self.wfile.write(drop)
        double.outwaited = True

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - names that http.server expects

    def log_message(self, *_: Any) -> None:
        """Do not log requests."""
