"""One HTTP request over ASGI, and its answer."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from local.http_messages import HttpAnswer, HttpRequest

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_MAPPED_IPV4 = "::ffff:"


class Disconnected(Exception):
    """The client closed the connection before the end of the body, or sent a malformed body."""


class Exchange:
    """A request whose body is read once, and the answer to it."""

    def __init__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.request = _request(scope)
        self._receive, self._send = receive, send
        headers = self.request.headers
        self.is_body_complete = "transfer-encoding" not in headers and not int(headers.get("content-length", "0"))

    @property
    def head_bytes(self) -> int:
        """Size of the request line and the headers."""
        request = self.request
        line = len(request.method) + len(request.target) + len(request.protocol)
        return line + sum(len(name) + len(value) for name, value in request.headers.items())

    @property
    def is_length_ambiguous(self) -> bool:
        """Whether the body has two lengths, which a proxy may read in another way than we do (RFC 9112, 6.1)."""
        return {"transfer-encoding", "content-length"} <= self.request.headers.keys()

    @property
    def content_length(self) -> int | None:
        """The announced size of the body, or None if it is chunked."""
        headers = self.request.headers
        return None if "transfer-encoding" in headers else int(headers.get("content-length", "0"))

    @property
    def expects_continue(self) -> bool:
        """Whether the client may wait for `100 Continue` before it sends the body."""
        return "expect" in self.request.headers

    async def next_chunk(self) -> bytes | None:
        """Return the next bytes of the body, or None at its end. Raises Disconnected."""
        if self.is_body_complete:
            return None
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        self.is_body_complete = not message.get("more_body", False)
        return bytes(message.get("body", b""))

    async def start(self, answer: HttpAnswer, *, close: bool = False) -> None:
        """Send status, headers and the body that is not in chunks. `close`: announce the end of the connection."""
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.framed()]
        if close:
            headers.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if body := answer.body_for(self.request.method):
            await self.send_chunk(body)

    async def send_chunk(self, chunk: bytes) -> None:
        """Send a part of the body. Waits while the client does not read the previous parts."""
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def drained(self) -> None:
        """Wait while the client does not read, so that the next chunk does not have to wait in memory."""
        await self.send_chunk(b"")

    async def finish(self) -> None:
        """End the answer."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def disconnection(self) -> None:
        """Wait until the client closes the connection. Call it only after the body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            await asyncio.sleep(0)


def _request(scope: Message) -> HttpRequest:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    query = scope["query_string"].decode("latin-1")
    target = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
    source_ip = scope["client"][0].removeprefix(_MAPPED_IPV4) if scope.get("client") else ""
    return HttpRequest(scope["method"], target, headers, source_ip, f"HTTP/{scope['http_version']}")
