"""uvicorn's HTTP/1.1 protocol with the limits that it lacks: on time, on sizes, and on closing."""

import asyncio
import sys
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

HEAD_SECONDS = 30.0
"""How long a client may take to send the request line and the headers."""

UNREAD_SECONDS = 300.0
"""How long a client may leave an answer unread."""

LINGER_SECONDS = 2.0
_MAX_LINGER_BYTES = 1024 * 1024


class LimitedProtocol(H11Protocol):
    """One connection. It closes when the client is too slow, and it answers malformed requests with an empty body."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn has this type
        """Start to wait for the first request."""
        super().connection_made(transport)
        self._half_closed = False
        self._refused = False
        self._lingering_bytes = 0
        self._unread_timer: asyncio.TimerHandle | None = None
        self._close_timer: asyncio.TimerHandle | None = self.loop.call_later(HEAD_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Handle bytes of the client."""
        if self._refused:
            self._lingering_bytes += len(data)
            if self._lingering_bytes > _MAX_LINGER_BYTES:
                self.transport.abort()
            return
        super().data_received(data)
        if self._refused:
            return
        if self._is_idle and self._close_timer is None:
            self._close_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)
        elif not self._is_idle:
            self._cancel_close()

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn never keeps the connection open
        """Return whether the connection stays open, because a complete request of the client is being answered."""
        self._half_closed = not self._is_idle and not self.cycle.more_body
        return self._half_closed

    def on_response_complete(self) -> None:
        """Continue with the next request, if there is one."""
        super().on_response_complete()
        if self._half_closed and self._is_idle:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer a malformed request (400, 414, 431, 501), unless an answer has been started, and close."""
        problem = sys.exception()
        status = problem.error_status_hint if isinstance(problem, h11.RemoteProtocolError) else 400
        if status == 431 and b"\n" not in self.conn.trailing_data[0]:
            status = 414
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = [(b"content-length", b"0"), (b"connection", b"close")]
            answer = h11.Response(status_code=status, headers=headers, reason=STATUS_PHRASES[status])
            for event in (answer, h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self._linger()

    def pause_writing(self) -> None:
        """Limit how long the client may leave the answer unread."""
        super().pause_writing()
        self._unread_timer = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Continue the answer."""
        super().resume_writing()
        self._cancel_unread()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the connection."""
        super().connection_lost(exc)
        self._cancel_close()
        self._cancel_unread()

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: an upgrade is an offer, for example of HTTP/2 by curl, and HTTP/1.1 continues."""

    @property
    def _is_idle(self) -> bool:
        """Whether no request is being handled."""
        cycle: Any = self.cycle  # None before the first request
        return cycle is None or cycle.response_complete

    def _linger(self) -> None:
        """Discard what the client still sends, for a moment: closing at once would reset the connection."""
        self._refused = True
        if not self._is_idle:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.flow.resume_reading()
        self.transport.write_eof()
        self._cancel_close()
        self._close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _cancel_close(self) -> None:
        if self._close_timer is not None:
            self._close_timer.cancel()
            self._close_timer = None

    def _cancel_unread(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None
