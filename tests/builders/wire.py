"""HTTP by hand: requests as bytes on a socket, answers as they come, so that framing can be tested."""

import io
import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from typing import Any

from tests.builders.waiting import PATIENCE

MIB = 1024 * 1024


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Wire:
    """One connection to a server on this machine."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._received = _Received(socket.SocketIO(self._socket, "r"))

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *pieces: bytes) -> None:
        """Bytes as they are."""
        for piece in pieces:
            self._socket.sendall(piece)

    def head(self, request: str, *headers: str) -> None:
        """The head of a request: `GET /path`, then headers."""
        lines = [f"{request} HTTP/1.1", "Host: localhost", *headers, "", ""]
        self.send("\r\n".join(lines).encode("latin-1"))

    def chunk(self, content: bytes) -> None:
        """One chunk of a chunked body; an empty one ends it."""
        self.send(b"%x\r\n%s\r\n" % (len(content), content))

    def break_off(self) -> None:
        """Send no more, and wait until the server has dealt with what it got: then it closes the connection, too."""
        self._socket.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while self._received.read(MIB):
                pass

    def go_ahead(self) -> None:
        """Wait until the server asks for the body of a request that expects this."""
        assert self._received.readline().split()[1] == b"100"
        assert self._received.readline() == b"\r\n"

    def reply(self, to: str = "GET") -> Reply:
        """The next answer, read to its end."""
        response = HTTPResponse(_Replies(self._received), method=to)  # type: ignore[arg-type]
        response.begin()
        return Reply(response.status, response.headers, response.read())

    def get(self, path: str, *headers: str) -> Reply:
        """A whole GET."""
        self.head(f"GET {path}", *headers)
        return self.reply()

    def closed(self) -> bool:
        """Whether the server has closed; waits for it as long as the connection's time limit."""
        try:
            return self._received.read(1) == b""
        except ConnectionResetError:
            return True


class _Received(io.BufferedReader):
    """What has come in; http.client closes what it reads answers from, and with it the beginning of the next answer."""

    def close(self) -> None:
        """Stay open for the next answer."""


@dataclass(frozen=True)
class _Replies:
    """As much of a socket as http.client wants."""

    received: _Received

    def makefile(self, _mode: str) -> _Received:
        return self.received
