"""A raw HTTP connection: tests write request bytes to a socket and read the responses, so they control the framing."""

import io
import json
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from typing import Any

from tests.builders.waiting import PATIENCE

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Reply:
    """A response."""

    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        """Return the body parsed as JSON."""
        return json.loads(self.body)


class Wire:
    """One connection to a server on this machine."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection((host, port), timeout=PATIENCE)
        self._received = _Received(socket.SocketIO(self._socket, "r"))

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def send(self, *pieces: bytes) -> None:
        """Send bytes unchanged."""
        for piece in pieces:
            self._socket.sendall(piece)

    def receive(self, size: int) -> bytes:
        """Return up to `size` bytes of a response, so that the client can close the connection in the middle of it."""
        return self._received.read1(size)

    def wait_for_continue(self) -> None:
        """Wait for the interim response `100 Continue`, after which a client that expects it sends the body."""
        assert self._received.readline().split()[1] == b"100"
        assert self._received.readline() == b"\r\n"

    def half_close(self) -> None:
        """Close our side of the connection, and leave the other side open for a response."""
        self._socket.shutdown(socket.SHUT_WR)

    def stop_sending(self) -> None:
        """Close our side of the connection, and wait until the server has handled the rest and closes its side."""
        self._socket.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while self._received.read(CHUNK_BYTES):
                pass

    def head(self, request: str, *headers: str) -> None:
        """Send a request line without its HTTP version, for example `GET /path`, and headers."""
        lines = [f"{request} HTTP/1.1", "Host: localhost", *headers, "", ""]
        self.send("\r\n".join(lines).encode("latin-1"))

    def chunk(self, content: bytes) -> None:
        """Send one chunk of a chunked body. An empty chunk ends the body."""
        self.send(b"%x\r\n%s\r\n" % (len(content), content))

    def reply(self, to: str = "GET") -> Reply:
        """Read and return the next response. `to` is the method of its request."""
        response = HTTPResponse(_ReplySocket(self._received), method=to)  # type: ignore[arg-type]  # only `makefile` is called
        response.begin()
        return Reply(response.status, response.headers, response.read())

    def has_reply(self) -> bool:
        """Return whether a part of a response has arrived that was not read yet."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def get(self, path: str, *headers: str) -> Reply:
        """Send a GET and return its response."""
        self.head(f"GET {path}", *headers)
        return self.reply()

    def closed(self) -> bool:
        """Return whether the server closes the connection before the socket's timeout."""
        try:
            return self._received.read(1) == b""
        except ConnectionResetError:
            return True


def free_port() -> int:
    """Return a port on which no server listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def is_listening(port: int) -> bool:
    """Return whether a server listens on a port."""
    try:
        with Wire(port):
            return True
    except ConnectionRefusedError:
        return False


class _Received(io.BufferedReader):
    """Received bytes. http.client closes its file after each response, but this one also holds the next responses."""

    def close(self) -> None:
        """Stay open for the next response."""


@dataclass(frozen=True)
class _ReplySocket:
    """The part of the socket interface that http.client needs."""

    received: _Received

    def makefile(self, _mode: str) -> _Received:
        return self.received


@contextmanager
def unfinished(port: int, sent: bytes, number: int) -> Iterator[None]:
    """Keep connections open inside the block on each of which the beginning of a request was sent."""
    with ExitStack() as connections:
        for _ in range(number):
            connections.enter_context(Wire(port)).send(sent)
        yield
