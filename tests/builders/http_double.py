"""A stand-in for somebody else's HTTP service: a real server that answers as scripted and keeps what it was asked."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.builders.waiting import PATIENCE

DRIP_SECONDS = 0.05


@dataclass(frozen=True)
class Asked:
    """A request that came in; query and form are decoded, `target` is what stood in the request line."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The body's form fields."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Scripted:
    """An answer. The whole of a `silent` one, and the body of one that `drips`, is held back until the test ends.

    A dripping answer sends blanks meanwhile, which JSON allows, so that its connection is never silent for long. A
    caller without a time limit gets either kind in the end, after so long that only a test of a time limit uses them.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    drips: bool = False


class HttpDouble:
    """Answers by method and path; what is not scripted is a 404."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self.test_ended = threading.Event()
        self.outwaited = False
        """Whether a caller waited for a silent or dripping answer to its end."""
        self._script: dict[tuple[str, str], Scripted] = {}

    def answers(self, method: str, path: str, json_body: Any = None, **how: Any) -> None:
        """Script an answer, as JSON or as `body=`, `status=`, `headers=`, `silent=`, `drips=`."""
        if json_body is not None:
            how["body"] = json.dumps(json_body).encode()
            how.setdefault("headers", {"Content-Type": "application/json"})
        self._script[method, path] = Scripted(**how)

    def answer_to(self, asked: Asked) -> Scripted:
        """The scripted answer."""
        self.asked.append(asked)
        return self._script.get((asked.method, urlsplit(asked.target).path), Scripted(404))


@contextmanager
def http_double() -> Iterator[HttpDouble]:
    """A running double."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.double = HttpDouble(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.double  # type: ignore[attr-defined]
    finally:
        server.double.test_ended.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        scripted = self.server.double.answer_to(  # type: ignore[attr-defined]
            Asked(self.command, self.path, dict(self.headers), body)
        )
        try:
            self._send(scripted)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # whoever asked did not wait

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
        double = self.server.double  # type: ignore[attr-defined]
        for _ in range(round(PATIENCE / DRIP_SECONDS)):
            if double.test_ended.wait(DRIP_SECONDS):
                return
            self.wfile.write(drop)
        double.outwaited = True

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""
