"""The front as an ASGI application: an event loop receives and sends, and threads call the app and the bucket."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from io import BytesIO
from typing import IO

from local import aws_limits, bodies
from local.exchange import Disconnected, Exchange, Message, Receive, Send
from local.front import Front, Handling
from local.http_messages import HttpAnswer

_log = logging.getLogger("gunicorn.error")
_access_log = logging.getLogger("gunicorn.access")


class AsgiFront:
    """Serves a front. Only a request that is complete occupies one of the threads."""

    def __init__(
        self,
        front: Front,
        threads: Executor,
        idle_seconds: float = bodies.IDLE_SECONDS,
        end: Callable[[], None] = lambda: None,
    ) -> None:
        """`end` is called when the server stops, and makes requests that wait for something answer at once."""
        self.end = end
        self._front = front
        self._threads = threads
        self._idle_seconds = idle_seconds

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        handling = self._handling(exchange)
        started = time.monotonic()
        try:
            status = await self._serve(exchange, handling)
        except Disconnected:
            return
        milliseconds = 1000 * (time.monotonic() - started)
        # Neither path nor query, which may contain tokens.
        _access_log.info("%s %s %d %.0f ms", exchange.request.method, handling.route, status, milliseconds)

    def _handling(self, exchange: Exchange) -> Handling:
        if len(exchange.request.target) > aws_limits.MAX_REQUEST_LINE_BYTES:
            return Handling(at_once=HttpAnswer(414))
        if exchange.head_bytes > aws_limits.MAX_HEADER_BYTES:
            return Handling(at_once=HttpAnswer(431))
        if exchange.is_length_ambiguous:
            return Handling(at_once=HttpAnswer(400, [("Connection", "close")]))
        return self._front.handling(exchange.request)

    async def _serve(self, exchange: Exchange, handling: Handling) -> int:
        """Answer a request and return the status. Raises Disconnected."""
        if handling.respond is None or not handling.max_body_bytes:
            return await self._answer_without_body(exchange, handling)
        try:
            body = await bodies.receive(exchange, handling.max_body_bytes, self._idle_seconds)
        except bodies.BodyTooLarge:
            return await self._refuse(exchange, handling.too_large)
        except bodies.BodyTooSlow:
            await exchange.start(HttpAnswer(408), close=True)
            await exchange.finish()
            return 408
        with body:
            return await self._send(exchange, await self._respond(handling, body))

    async def _answer_without_body(self, exchange: Exchange, handling: Handling) -> int:
        """Answer a request whose body is not needed. The body is discarded, not stored."""
        complete = await bodies.discard_small(exchange)
        answer = handling.at_once or await self._respond(handling, BytesIO())
        return await (self._send if complete else self._refuse)(exchange, answer)

    async def _respond(self, handling: Handling, body: IO[bytes]) -> HttpAnswer:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, handling.answer, body)

    async def _send(self, exchange: Exchange, answer: HttpAnswer) -> int:
        await exchange.start(answer)
        if answer.chunks is not None:
            await self._send_chunks(exchange, answer.chunks)
        await exchange.finish()
        return answer.status

    async def _refuse(self, exchange: Exchange, answer: HttpAnswer) -> int:
        """Send an answer before the end of the body, and let the client finish sending, within bounds."""
        await exchange.start(answer, close=True)
        if answer.chunks is not None:
            await self._send_chunks(exchange, answer.chunks)
        await bodies.discard_large(exchange)
        await exchange.finish()
        return answer.status

    async def _send_chunks(self, exchange: Exchange, chunks: Iterator[bytes]) -> None:
        """Send chunks, each read in a thread, until their end or until the client disconnects."""
        loop = asyncio.get_running_loop()
        disconnection = asyncio.create_task(exchange.disconnection())
        try:
            while not disconnection.done():
                chunk = await loop.run_in_executor(self._threads, next, chunks, None)
                if chunk is None:
                    return
                await exchange.send_chunk(chunk)
                await exchange.drained()
            raise Disconnected
        finally:
            disconnection.cancel()
