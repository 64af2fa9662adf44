"""Request bodies, received by the event loop before the request is handled (platform.md 1.8).

A body occupies no thread while it arrives. It has limits: its size, the time that its client may be silent, and a
minimum rate, so that a client cannot send a few bytes forever.
"""

import asyncio
import tempfile
import time
from io import BytesIO
from typing import IO

from local.exchange import Disconnected, Exchange

MAX_BYTES_IN_MEMORY = 256 * 1024
IDLE_SECONDS = 300.0
MIN_BYTES_PER_SECOND = 64 * 1024
"""The minimum average rate after the first IDLE_SECONDS."""

SMALL_BYTES, SMALL_SECONDS = 64 * 1024, 0.2
MAX_DISCARDED_BYTES = 1024 * 1024 * 1024
DISCARD_IDLE_SECONDS = 30.0


class BodyTooLarge(Exception):
    """The body exceeds the limit. A part of it may have been read."""


class BodyTooSlow(Exception):
    """The client was silent for too long, or sent too slowly."""


async def receive(exchange: Exchange, max_bytes: int, idle_seconds: float = IDLE_SECONDS) -> IO[bytes]:
    """Return the whole body as a file, in memory up to 256 KiB, else on disk. The caller closes it.

    Raises BodyTooLarge, BodyTooSlow, Disconnected.
    """
    if (exchange.content_length or 0) > max_bytes:
        raise BodyTooLarge
    pace = _Pace(idle_seconds)
    file: IO[bytes] = BytesIO()
    pending = bytearray()
    try:
        while (chunk := await pace.next_chunk(exchange)) is not None:
            pending += chunk
            if pace.received > max_bytes:
                raise BodyTooLarge
            if len(pending) > MAX_BYTES_IN_MEMORY:
                if isinstance(file, BytesIO):
                    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
                await asyncio.to_thread(file.write, pending)
                pending = bytearray()
        file.write(pending)
        file.seek(0)
    except BaseException:  # also when the worker is stopped, so that no temporary file remains
        file.close()
        raise
    return file


async def discard_small(exchange: Exchange) -> bool:
    """Discard a small body that the client sends together with its headers. Returns whether the body is complete."""
    if exchange.is_body_complete:
        return True
    if exchange.expects_continue:  # the client sends the body only after it is asked for it
        return False
    return await _discard(exchange, SMALL_BYTES, _Pace(SMALL_SECONDS))


async def discard_large(exchange: Exchange, idle_seconds: float = DISCARD_IDLE_SECONDS) -> None:
    """Discard the rest of a refused body: an early close resets the connection, and the client misses the answer."""
    if not exchange.expects_continue:
        await _discard(exchange, MAX_DISCARDED_BYTES, _Pace(idle_seconds))


async def _discard(exchange: Exchange, max_bytes: int, pace: "_Pace") -> bool:
    """Return True at the end of the body, False if it is too large or too slow, or the client has disconnected."""
    try:
        while pace.received <= max_bytes:
            if await pace.next_chunk(exchange) is None:
                return True
    except (BodyTooSlow, Disconnected):
        pass
    return False


class _Pace:
    """Reads a body within time limits."""

    def __init__(self, idle_seconds: float) -> None:
        self.received = 0
        self._idle_seconds = idle_seconds
        self._started = time.monotonic()

    async def next_chunk(self, exchange: Exchange) -> bytes | None:
        """Return the next bytes, or None at the end of the body. Raises BodyTooSlow, Disconnected."""
        allowed = self._idle_seconds + self.received / MIN_BYTES_PER_SECOND
        remaining = self._started + allowed - time.monotonic()
        try:
            async with asyncio.timeout(min(self._idle_seconds, remaining)):
                chunk = await exchange.next_chunk()
        except TimeoutError as problem:
            raise BodyTooSlow from problem
        self.received += len(chunk or b"")
        return chunk
