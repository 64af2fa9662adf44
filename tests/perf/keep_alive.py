"""An HTTP client that costs little CPU, so that a measured rate is that of the server: requests are prepared bytes."""

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.builders.waiting import PATIENCE


def request(method: str, target: str, authorization: str, body: bytes = b"", content_type: str = "") -> bytes:
    """Return an authenticated request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", f"Authorization: {authorization}"]
    if method != "GET":
        lines += [f"Content-Length: {len(body)}", *([f"Content-Type: {content_type}"] if content_type else [])]
    return "\r\n".join([*lines, "", ""]).encode() + body


class UnexpectedStatus(Exception):
    """An answer has another status than all answers should have."""


class Connection:
    """A connection that is kept for many requests."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, message: bytes) -> tuple[int, bytes]:
        """Send a request, and return status and body of the answer, whose length must be announced."""
        self._socket.sendall(message)
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            self._receive()
        head = self._received[:end].lower()
        length = int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or b"0")
        end += 4
        while len(self._received) < end + length:
            self._receive()
        body, self._received = self._received[end : end + length], self._received[end + length :]
        return int(head.split(None, 2)[1]), body

    def _receive(self) -> None:
        more = self._socket.recv(1 << 16)
        if not more:
            raise ConnectionError("the server closed the connection before the end of an answer")
        self._received += more


def send_all(port: int, messages: Sequence[bytes], status: int, connections: int) -> float:
    """Send requests over several connections at once, and return the seconds that takes.

    Raises UnexpectedStatus if an answer has another status, and OSError if a connection fails.
    """
    with ExitStack() as stack, ThreadPoolExecutor(connections) as threads:
        opened = [stack.enter_context(Connection(port)) for _ in range(connections)]
        started = time.perf_counter()
        sent = [
            threads.submit(_send, connection, messages[first::connections], status)
            for first, connection in enumerate(opened)
        ]
        for share in sent:
            share.result()
        return time.perf_counter() - started


def _send(connection: Connection, messages: Sequence[bytes], status: int) -> None:
    for message in messages:
        received, body = connection.send(message)
        if received != status:
            raise UnexpectedStatus(f"{received} {body[:200]!r} to {message.partition(b' HTTP')[0]!r}")
