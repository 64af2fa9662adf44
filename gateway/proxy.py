"""Forwards requests other than uploads to the API, and its responses back, unchanged. Redirects are not followed."""

import asyncio
from contextlib import suppress

import httpx

from gateway.config import MIB, Config
from gateway.http import Headers, Reply, Request, end_to_end

MAX_BODY_BYTES = 10 * MIB
"""The limit of API Gateway (platform.md 4.4, U6)."""

CHUNK_BYTES = 256 * 1024
TOO_LARGE = Reply.text(413, "The request body exceeds the limit of this gateway, 10 MiB.")
BAD_GATEWAY = Reply.text(502, "")


async def forward(request: Request, client: httpx.AsyncClient, config: Config) -> None:
    """Forward a request to the API and stream the response back. Responds 502 if the API cannot be reached."""
    body = await _read_body(request)
    if body is None:
        await request.refuse(TOO_LARGE, config.drain_bytes)
        return
    outgoing = api_request(config, request.method, request.target, request.headers, body if request.has_body else None)
    try:
        response = await client.send(outgoing, stream=True)
    except httpx.TransportError:
        await request.respond(BAD_GATEWAY)
        return
    sending = asyncio.create_task(_send_back(response, request))
    disconnected = asyncio.create_task(request.disconnected())
    try:
        await asyncio.wait({sending, disconnected}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        disconnected.cancel()
        with suppress(asyncio.CancelledError, httpx.TransportError):  # the client sees a truncated response as well
            await sending
        await response.aclose()


def api_request(config: Config, method: str, target: bytes, headers: Headers, body: bytes | None) -> httpx.Request:
    """Return a request to the API. `target` is appended byte for byte to the path of the API's URL."""
    base = httpx.URL(config.api)
    forwarded = end_to_end(headers, b"host", b"content-length", b"expect")
    raw_target = {"target": base.raw_path.rstrip(b"/") + target}
    return httpx.Request(method, base, headers=forwarded, content=body, extensions=raw_target)


async def _read_body(request: Request) -> bytes | None:
    """Return the whole body, or None if it is too large. API Gateway needs its length, which hab does not send."""
    body = bytearray()
    if (request.content_length or 0) > MAX_BODY_BYTES:
        return None
    async for chunk in request.chunks():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


async def _send_back(response: httpx.Response, request: Request) -> None:
    await request.start_response(response.status_code, end_to_end(response.headers.raw))
    async for chunk in response.aiter_raw(CHUNK_BYTES):
        await request.send_chunk(chunk)
    await request.end_response()
