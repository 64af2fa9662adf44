"""One request as the gateway sees it: a body read piece by piece, and answers that a sending client gets to see."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

OF_THE_CONNECTION = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding"
    b" upgrade".split()
)
DRAIN_SECONDS = 10


class ClientGone(Exception):
    """The client closed the connection, or has sent nothing for too long."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Headers
    body: bytes = b""

    @classmethod
    def text(cls, status: int, said: str) -> "Reply":
        """An answer of our own."""
        return cls(status, [(b"content-type", b"text/plain; charset=utf-8")] if said else [], said.encode())


class Request:
    """A request; its body is read once."""

    def __init__(self, scope: Message, receive: Receive, send: Send, silence: float) -> None:
        self.method: str = scope["method"]
        self.path: bytes = scope["raw_path"]
        self.query: bytes = scope["query_string"]
        self.headers: Headers = list(scope["headers"])
        self._receive, self._send, self._silence = receive, send, silence
        self._ended = False

    @property
    def target(self) -> bytes:
        """Path and query as they were sent."""
        return self.path + b"?" + self.query if self.query else self.path

    def header(self, name: bytes) -> bytes | None:
        """The last value of a header, named in lower case."""
        return dict(self.headers).get(name)

    @property
    def announced(self) -> int | None:
        """How many bytes the body has; None for a chunked one."""
        length = self.header(b"content-length")
        return int(length) if length is not None and self.header(b"transfer-encoding") is None else None

    @property
    def has_body(self) -> bool:
        """False if the client said that it sends none."""
        return self.header(b"transfer-encoding") is not None or bool(self.announced)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises ClientGone."""
        while not self._ended:
            try:
                async with asyncio.timeout(self._silence):
                    message = await self._receive()
            except TimeoutError:
                raise ClientGone from None
            if message["type"] != "http.request":
                raise ClientGone
            self._ended = not message.get("more_body", False)
            if message.get("body"):
                yield message["body"]

    async def gone(self) -> None:
        """Returns when the client has closed the connection; for requests whose body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def answer(self, reply: Reply) -> None:
        """Send an answer, as the connection's last if the body was not read to its end."""
        headers = [*reply.headers, (b"content-length", str(len(reply.body)).encode())]
        await self.begin_answer(reply.status, headers)
        await self.go_on(reply.body)
        await self.end_answer()

    async def refuse(self, reply: Reply, drained: int) -> None:
        """Answer before the body was read, then read on for a while.

        A client that sends all before it looks would find a closed connection instead of the answer, and hab would send
        everything five times more.
        """
        headers = [*reply.headers, (b"content-length", str(len(reply.body)).encode()), (b"connection", b"close")]
        await self.begin_answer(reply.status, headers)
        await self.go_on(reply.body)
        if self.header(b"expect") is None:
            await self._drain(drained)
        await self.end_answer()

    async def begin_answer(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Status line and headers."""
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def go_on(self, piece: bytes) -> None:
        """A piece of the answer's body."""
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end_answer(self) -> None:
        """The end of the answer's body."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self, left: int) -> None:
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                async for piece in self.pieces():
                    left -= len(piece)
                    if left <= 0:
                        return
        except (TimeoutError, ClientGone):
            return


def end_to_end(headers: Iterable[tuple[bytes, bytes]], *without: bytes) -> Headers:
    """The headers that concern both ends and not one connection, in lower case, but for some."""
    lower = [(name.lower(), value) for name, value in headers]
    named = {token.strip().lower() for name, value in lower if name == b"connection" for token in value.split(b",")}
    dropped = OF_THE_CONNECTION | named | set(without)
    return [(name, value) for name, value in lower if name not in dropped]
