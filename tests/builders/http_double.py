"""A stand-in for somebody else's HTTP service: a real server that answers as scripted and keeps what it was asked."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


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
    """An answer; `silent_for` seconds come before its first byte, `drip` seconds between any two bytes of its body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    silent_for: float = 0
    drip: float = 0


class HttpDouble:
    """Answers by method and path; what is not scripted is a 404."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self._script: dict[tuple[str, str], Scripted] = {}

    def answers(self, method: str, path: str, json_body: Any = None, **how: Any) -> None:
        """Script an answer, as JSON or as `body=`, `status=`, `headers=`, `silent_for=`, `drip=`."""
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
        time.sleep(scripted.silent_for)
        self.send_response(scripted.status)
        for name, value in {"Content-Length": str(len(scripted.body)), **scripted.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if not scripted.drip:
            self.wfile.write(scripted.body)
            return
        for byte in scripted.body:
            self.wfile.write(bytes([byte]))
            time.sleep(scripted.drip)

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""
