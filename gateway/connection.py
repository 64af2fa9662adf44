"""The connections of clients: uvicorn's HTTP/1.1 with limits, half-closed clients and lingering closes.

A server that closes a connection while the client is still sending resets it, and the client loses the response. So
after a response that does not need the rest of the body, a connection sends its end and reads on, within limits.
"""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.config import Config
from gateway.pace import Pace

MAX_HEAD_BYTES = 64 * 1024
"""The limit of request line and headers, of the trailers, and of the extensions of chunks."""

MAX_PIPELINED = 100
STILL_SENDING = "was refused and is still sending"
_log = logging.getLogger("gateway")


class RequestInvalid(Exception):
    """The request is answered with this status and text, and the connection ends."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Connection(HttpToolsProtocol):
    """One connection. uvicorn parses requests and calls the application; it closes connections through `_close`."""

    def __init__(self, *, limits: Config, **of_server: Any) -> None:
        super().__init__(**of_server)
        self._limits = limits
        self._socket: asyncio.Transport
        self._in_head = True
        self._framing_bytes = 0  # received since the last bytes of a body
        self._invalid: RequestInvalid | None = None
        self._lingering: _Lingering | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self._linger_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn has this type
        """Wait for a request."""
        self._socket = transport
        super().connection_made(_Transport(transport, self._close))  # type: ignore[arg-type]  # has the methods that are called
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        for timer in (self._head_timer, self._unread_timer, self._linger_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse bytes of the client; while the connection lingers, only count them."""
        if self._lingering is not None:
            self._receive_rest(data, self._lingering)
            return
        self._framing_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._framing_bytes > MAX_HEAD_BYTES:
            self._refuse(RequestInvalid(431, "The headers are too long."))
        elif self._in_head and self._framing_bytes and (self.cycle is None or self.cycle.response_complete):
            self._await_head()

    def eof_received(self) -> bool | None:  # type: ignore[override]  # uvicorn never keeps the connection open
        """Handle the end of the client's bytes. Return True to keep the connection open until the response is sent."""
        if self._lingering is not None or not self._in_head or self.cycle is None or self.cycle.response_complete:
            return None
        self.cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        """Start the time in which the client must read."""
        super().pause_writing()
        self._unread_timer = self.loop.call_later(self._limits.silence_seconds, self._abort, "does not read")

    def resume_writing(self) -> None:
        """Stop that time."""
        super().resume_writing()
        if self._unread_timer is not None:
            self._unread_timer.cancel()

    def shutdown(self) -> None:
        """End the connection when the server stops; a running request is finished first."""
        if self._lingering is not None:
            self._socket.abort()
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are not HTTP, or break a limit."""
        self._refuse(self._invalid or RequestInvalid(400, msg))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header without the blanks around it. Trailers are ignored: they must not pass for headers."""
        if self._in_head:
            super().on_header(name, value.strip(b" \t"))

    def on_headers_complete(self) -> None:
        """Start the request."""
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD_BYTES:
            self._invalid = RequestInvalid(431, "The headers are too long.")
        elif len(self.pipeline) >= MAX_PIPELINED:
            self._invalid = RequestInvalid(429, "Too many requests at once.")
        if self._invalid is not None:
            raise self._invalid  # the parser passes it to data_received, which calls send_400_response
        if self.parser.get_http_version() != "1.1":
            self.expect_100_continue = False  # RFC 9110, 10.1.1
        self._in_head = False
        self._framing_bytes = 0
        super().on_headers_complete()
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False  # the parser treats all further bytes as another protocol

    def on_body(self, body: bytes) -> None:
        """Pass bytes of the body to the application."""
        self._framing_bytes = 0
        if self._lingering is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the next request, or close a connection that only waited for the end of this one."""
        self._in_head = True
        self._framing_bytes = 0
        if self._lingering is not None:
            self._socket.close()
        else:
            super().on_message_complete()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self._limits.silence_seconds, self._head_is_late)

    def _head_is_late(self) -> None:
        if self._framing_bytes:
            self._refuse(RequestInvalid(408, "The headers did not arrive in time."))
        else:
            self._socket.close()

    def _refuse(self, refusal: RequestInvalid) -> None:
        """Answer in place of the application and end the connection."""
        self._invalid = refusal
        response_started = False
        if self.cycle is not None and not self.cycle.response_complete:
            response_started = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not response_started:
            text = refusal.text.encode()
            head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[refusal.status] + head % len(text) + text)
        self.transport.close()

    def _close(self) -> None:
        """Close the connection; if the client is in the middle of a request, let it finish first."""
        if self._lingering is not None:
            return
        if (self._in_head and self._invalid is None) or self._socket.is_closing():
            self._socket.close()
            return
        self._lingering = _Lingering(self._limits, self.loop.time, parses=self._invalid is None)
        self.flow.resume_reading()
        self._socket.write_eof()
        self._check_lingering()

    def _check_lingering(self) -> None:
        if self._lingering is not None and self._lingering.is_over:
            self._abort(STILL_SENDING)
        else:
            interval = min(1.0, self._limits.silence_seconds / 4)
            self._linger_timer = self.loop.call_later(interval, self._check_lingering)

    def _receive_rest(self, data: bytes, lingering: "_Lingering") -> None:
        """Count bytes after the response, and look for the end of the body. After invalid bytes there is none."""
        lingering.received(len(data))
        if lingering.is_over:
            self._abort(STILL_SENDING)
        if not lingering.parses or self._socket.is_closing():
            return
        try:
            self.parser.feed_data(data)
        except Exception as problem:  # noqa: BLE001 - whatever the parser raises ends the connection
            _log.info("a refused client sent an invalid body: %s", type(problem).__name__)
            self._socket.close()

    def _abort(self, reason: str) -> None:
        _log.info("a client %s: disconnected", reason)
        self._socket.abort()


class _Lingering:
    """What a client sends after its response was sent."""

    def __init__(self, limits: Config, clock: Any, *, parses: bool) -> None:
        self.parses = parses
        self._left = limits.max_archive_bytes
        self._silence_seconds = limits.silence_seconds
        self._pace = Pace(limits)
        self._clock = clock
        self._began = self._latest = clock()

    @property
    def is_over(self) -> bool:
        """True if the client sent too much, is silent or too slow."""
        now = self._clock()
        silent = now - self._latest > self._silence_seconds
        return self._left < 0 or silent or now - self._began > self._pace.allowed_seconds

    def received(self, size: int) -> None:
        """Count received bytes."""
        self._left -= size
        self._latest = self._clock()
        self._pace.received(size)


class _Transport:
    """uvicorn's view of a transport. `close` is handed to the connection, and later writes are ignored."""

    def __init__(self, transport: asyncio.Transport, close: Any) -> None:
        self._transport = transport
        self._close = close
        self._is_closing = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self._is_closing or self._transport.is_closing()

    def write(self, content: bytes) -> None:
        if not self._is_closing:
            self._transport.write(content)

    def close(self) -> None:
        self._is_closing = True
        self._close()
