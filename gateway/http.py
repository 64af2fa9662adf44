"""One HTTP request over ASGI: its body as a stream, and its response."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any

from gateway.config import Config
from gateway.pace import Pace

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding"
    b" upgrade".split()
)


class ClientDisconnected(Exception):
    """The client closed the connection."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete response."""

    status: int
    headers: Headers
    body: bytes = b""

    @classmethod
    def text(cls, status: int, text: str) -> "Reply":
        """Return a plain-text response. An empty text has no content type."""
        return cls(status, [(b"content-type", b"text/plain; charset=utf-8")] if text else [], text.encode())


TOO_SLOW = Reply.text(408, "The request body did not arrive in time.")


class Refused(Exception):
    """The request ends with this response. `cause` says for the log why; it contains no values that could be secret."""

    def __init__(self, reply: Reply, cause: str = "") -> None:
        super().__init__(reply.status)
        self.reply = reply
        self.cause = cause


class Request:
    """A request. Its body can be read once."""

    def __init__(self, scope: Message, receive: Receive, send: Send, limits: Config) -> None:
        self.method: str = scope["method"]
        self.path: bytes = scope["raw_path"]
        self.query: bytes = scope["query_string"]
        self.headers: Headers = list(scope["headers"])
        self._receive, self._send, self._limits = receive, send, limits
        self._is_read = not self.has_body
        self.response_started = False

    @property
    def target(self) -> bytes:
        """Path and query as the client sent them."""
        return self.path + b"?" + self.query if self.query else self.path

    def header(self, name: bytes) -> bytes | None:
        """Return the last value of a header. `name` is in lower case."""
        return dict(self.headers).get(name)

    @property
    def label(self) -> str:
        """The method and the first two segments of the path, for the log. Further segments may be secret."""
        return f"{self.method} {b'/'.join(self.path.split(b'/')[:3]).decode('latin-1')}"

    @property
    def content_length(self) -> int | None:
        """Size of the body in bytes. None for a chunked body and without a length."""
        length = self.header(b"content-length")
        return int(length) if length is not None and self.header(b"transfer-encoding") is None else None

    @property
    def has_body(self) -> bool:
        """True if the headers announce a body."""
        return self.header(b"transfer-encoding") is not None or bool(self.content_length)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives. Raises ClientDisconnected, or Refused (408) if the client is too slow."""
        pace, waited = Pace(self._limits), 0.0
        while not self._is_read:
            began = time.monotonic()
            message = await self._next_message(min(self._limits.silence_seconds, pace.allowed_seconds - waited))
            waited += time.monotonic() - began
            self._is_read = not message.get("more_body", False)
            if message.get("body"):
                pace.received(len(message["body"]))
                yield message["body"]

    async def disconnected(self) -> None:
        """Wait until the client closes the connection. Call this only after the body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def respond(self, reply: Reply) -> None:
        """Send a complete response. If the body was not read completely, the connection ends afterwards."""
        headers = [*reply.headers, (b"content-length", str(len(reply.body)).encode())]
        if not self._is_read:
            headers.append((b"connection", b"close"))
        await self.start_response(reply.status, headers)
        await self.send_chunk(reply.body)
        await self.end_response()

    async def start_response(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Send the status line and the headers."""
        self.response_started = True
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def send_chunk(self, chunk: bytes) -> None:
        """Send a chunk of the response body."""
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def end_response(self) -> None:
        """End the response body."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next_message(self, seconds: float) -> Message:
        try:
            async with asyncio.timeout(seconds):
                message = await self._receive()
        except TimeoutError:
            raise Refused(TOO_SLOW) from None
        if message["type"] != "http.request":
            raise ClientDisconnected
        return message


def end_to_end(headers: Iterable[tuple[bytes, bytes]], *without: bytes) -> Headers:
    """Return the end-to-end headers (RFC 9110, 7.6.1) except those in `without`. Names are in lower case."""
    lower = [(name.lower(), value) for name, value in headers]
    connection_options = {
        token.strip().lower() for name, value in lower if name == b"connection" for token in value.split(b",")
    }
    dropped = HOP_BY_HOP | connection_options | set(without)
    return [(name, value) for name, value in lower if name not in dropped]
