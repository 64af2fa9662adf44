"""Forwards requests other than uploads to the API, and its responses back, unchanged. Redirects are not followed."""

import asyncio
import logging
import re
from contextlib import suppress

import httpx

from gateway.api import BAD_GATEWAY, IDEMPOTENT, api_request, send, status_of
from gateway.config import MIB, Config
from gateway.http import Refused, Reply, Request, end_to_end
from gateway.spool import Spool

MAX_BODY_BYTES = 10 * MIB
"""The limit of API Gateway (platform.md 4.4, U6)."""

CHUNK_BYTES = 256 * 1024
TOO_LARGE = Reply.text(413, "The request body exceeds the limit of this gateway, 10 MiB.")
NOT_FOUND = Reply.text(404, "")
WITHOUT_BODY = frozenset({204, 304})
CONTROL_CHARACTER = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_log = logging.getLogger("gateway")


async def forward(request: Request, client: httpx.AsyncClient, config: Config) -> None:
    """Forward a request to the API and stream the response back. Raises Refused, ClientDisconnected, SpoolFailed."""
    if not request.path.startswith(b"/"):  # the asterisk form, which names no resource
        raise Refused(NOT_FOUND)
    body = await _read_body(request)

    def outgoing() -> httpx.Request:
        content = body.chunks() if request.has_body else None
        return api_request(config, request.method, request.target, request.headers, content, body.size)

    repeats = request.method in IDEMPOTENT
    response = await send(client, outgoing, request.label, repeats=repeats, stream=True)
    sending = asyncio.create_task(_send_back(response, request))
    disconnected = asyncio.create_task(request.disconnected())
    try:
        await asyncio.wait({sending, disconnected}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        disconnected.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        await response.aclose()


async def _read_body(request: Request) -> Spool:
    """Return the whole body: API Gateway needs its length, which hab does not send. Raises Refused (413)."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise Refused(TOO_LARGE)
    body = Spool()
    async for chunk in request.chunks():
        if body.size + len(chunk) > MAX_BODY_BYTES:
            raise Refused(TOO_LARGE)
        await body.write(chunk)
    return body


async def _send_back(response: httpx.Response, request: Request) -> None:
    if any(CONTROL_CHARACTER.search(value) for _, value in response.headers.raw):
        raise Refused(BAD_GATEWAY, "the API sent a header with a control character")
    if response.status_code >= 500:
        _log.warning("%s: the API answered %s", request.label, status_of(response))
    without = (b"content-length",) if response.status_code in WITHOUT_BODY else ()
    await request.start_response(response.status_code, end_to_end(response.headers.raw, *without))
    try:
        async for chunk in response.aiter_raw(CHUNK_BYTES):
            await request.send_chunk(chunk)
    except httpx.HTTPError as problem:  # the client sees a truncated response as well
        _log.warning("%s: the response of the API ended early: %s", request.label, type(problem).__name__)
        return
    await request.end_response()
