"""A double of an HTTP server that controls every byte of its responses, and when it closes connections."""

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.builders.waiting import PATIENCE


@dataclass(frozen=True)
class RawRequest:
    """A request as it arrived. `line` is its method and target; names of headers are in lower case."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None."""
        return dict(self.headers).get(name)


Respond = Callable[[RawRequest], bytes]
"""Returns the bytes of the response. After empty bytes the connection is closed."""


@dataclass
class RawServer:
    """A running double. `respond` may be replaced at any time."""

    url: str
    respond: Respond
    received: list[RawRequest] = field(default_factory=list)
    reads_bodies_first: bool = True


def response(status: str = "200 OK", body: bytes = b"", *headers: str) -> bytes:
    """Return the bytes of a response with a length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class _Handler(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        double = self.server.double
        while line := self.rfile.readline():
            headers = []
            while (header := self.rfile.readline().decode("latin-1").strip("\r\n")) != "":
                name, _, value = header.partition(":")
                headers.append((name.lower(), value.removeprefix(" ")))
            length = int(dict(headers).get("content-length", 0))
            body = self.rfile.read(length if double.reads_bodies_first else 0)
            request = RawRequest(line.decode().rpartition(" ")[0], headers, body)
            double.received.append(request)
            content = double.respond(request)
            if not content:
                return
            try:
                self.wfile.write(content)
                self.rfile.read(length - len(body))
            except OSError:  # the client did not wait
                return
            if b"\r\nConnection: close\r\n" in content:
                return


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True
    double: RawServer


@contextmanager
def raw_server(respond: Respond) -> Iterator[RawServer]:
    """Run a double inside the block."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.double = RawServer(f"http://127.0.0.1:{server.server_address[1]}", respond)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server.double
        finally:
            server.shutdown()
            thread.join(PATIENCE)


class AcceptingApi:
    """An API that accepts every upload with a token, and the object store behind its URLs. Parts have 1 MiB."""

    def __init__(self) -> None:
        self.overridden: dict[str, bytes] = {}
        """Responses that replace the usual one, by the first word and the last segment of the request line."""

    def __call__(self, request: RawRequest) -> bytes:
        method, _, target = request.line.partition(" ")
        name = f"{method} {target.partition('?')[0].rpartition('/')[2]}"
        if name in self.overridden:
            return self.overridden[name]
        match name:
            case "POST uploads" if request.header("authorization") is None:
                return response("401 Unauthorized")
            case "POST uploads":
                return response("201 Created", json.dumps(self._upload(request)).encode())
            case "POST complete":
                return response("201 Created", b"published")
            case _:
                return response()

    def _upload(self, request: RawRequest) -> dict[str, Any]:
        base = f"http://{request.header('host')}/part"
        parts = [{"number": number, "url": f"{base}/{number}?signature=secret"} for number in range(1, 50)]
        return {"upload_id": "1", "part_size": 1 << 20, "parts": parts}


def send_until_refused(connection: socket.socket, piece: bytes, limit: int) -> int:
    """Send a piece again and again until the server closes the connection. Return the bytes sent, `limit` at most."""
    sent = 0
    try:
        while sent < limit:
            connection.sendall(piece)
            sent += len(piece)
    except OSError:
        return sent
    return sent
