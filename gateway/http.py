"""One HTTP request over ASGI: its body as a stream, and responses that reach a client which is still sending."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding"
    b" upgrade".split()
)
DRAIN_SECONDS = 10


class ClientDisconnected(Exception):
    """The client closed the connection or was idle for too long."""


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


class Request:
    """A request. Its body can be read once."""

    def __init__(self, scope: Message, receive: Receive, send: Send, idle_seconds: float) -> None:
        self.method: str = scope["method"]
        self.path: bytes = scope["raw_path"]
        self.query: bytes = scope["query_string"]
        self.headers: Headers = list(scope["headers"])
        self._receive, self._send, self._idle_seconds = receive, send, idle_seconds
        self._is_read = False

    @property
    def target(self) -> bytes:
        """Path and query as the client sent them."""
        return self.path + b"?" + self.query if self.query else self.path

    def header(self, name: bytes) -> bytes | None:
        """Return the last value of a header. `name` is in lower case."""
        return dict(self.headers).get(name)

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
        """Yield the body as it arrives. Raises ClientDisconnected."""
        while not self._is_read:
            try:
                async with asyncio.timeout(self._idle_seconds):
                    message = await self._receive()
            except TimeoutError:
                raise ClientDisconnected from None
            if message["type"] != "http.request":
                raise ClientDisconnected
            self._is_read = not message.get("more_body", False)
            if message.get("body"):
                yield message["body"]

    async def disconnected(self) -> None:
        """Wait until the client closes the connection. Call this only after the body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def respond(self, reply: Reply) -> None:
        """Send a complete response."""
        headers = [*reply.headers, (b"content-length", str(len(reply.body)).encode())]
        await self.start_response(reply.status, headers)
        await self.send_chunk(reply.body)
        await self.end_response()

    async def refuse(self, reply: Reply, drain_bytes: int) -> None:
        """Send a response before the body was read, then discard up to `drain_bytes` of the body.

        A client that sends its whole body before it reads the response would otherwise see a closed connection, and
        hab would retry five times.
        """
        headers = [*reply.headers, (b"content-length", str(len(reply.body)).encode()), (b"connection", b"close")]
        await self.start_response(reply.status, headers)
        await self.send_chunk(reply.body)
        if self.header(b"expect") is None:
            await self._drain(drain_bytes)
        await self.end_response()

    async def start_response(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Send the status line and the headers."""
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def send_chunk(self, chunk: bytes) -> None:
        """Send a chunk of the response body."""
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def end_response(self) -> None:
        """End the response body."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self, remaining: int) -> None:
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                async for chunk in self.chunks():
                    remaining -= len(chunk)
                    if remaining <= 0:
                        return
        except (TimeoutError, ClientDisconnected):
            return


def end_to_end(headers: Iterable[tuple[bytes, bytes]], *without: bytes) -> Headers:
    """Return the end-to-end headers (RFC 9110, 7.6.1) except those in `without`. Names are in lower case."""
    lower = [(name.lower(), value) for name, value in headers]
    connection_options = {
        token.strip().lower() for name, value in lower if name == b"connection" for token in value.split(b",")
    }
    dropped = HOP_BY_HOP | connection_options | set(without)
    return [(name, value) for name, value in lower if name not in dropped]
