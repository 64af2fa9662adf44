"""Everything but uploads: passed to the API and back unchanged; redirects are not followed."""

import asyncio
from contextlib import suppress

import httpx

from gateway.http import Headers, Reply, Request, end_to_end
from gateway.settings import MIB, Settings

LARGEST_BODY = 10 * MIB
"""API Gateway takes no more; it wants to know the length, which hab does not say, so bodies are gathered first."""

PIECE_BYTES = 256 * 1024
TOO_LARGE = Reply.text(413, "The request is larger than the API takes.")
BAD_GATEWAY = Reply.text(502, "")


async def pass_on(request: Request, client: httpx.AsyncClient, settings: Settings) -> None:
    """Ask the API and give its answer as it comes."""
    body = await _gathered(request)
    if body is None:
        await request.refuse(TOO_LARGE, settings.drained_when_refused)
        return
    asked = api_request(settings, request.method, request.target, request.headers, body if request.has_body else None)
    try:
        answer = await client.send(asked, stream=True)
    except httpx.TransportError:
        await request.answer(BAD_GATEWAY)
        return
    passing, gone = asyncio.create_task(_pass_back(answer, request)), asyncio.create_task(request.gone())
    try:
        await asyncio.wait({passing, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        passing.cancel()
        gone.cancel()
        with suppress(asyncio.CancelledError, httpx.TransportError):  # a broken answer ends broken for the client too
            await passing
        await answer.aclose()


def api_request(settings: Settings, method: str, target: bytes, headers: Headers, body: bytes | None) -> httpx.Request:
    """A request to the API whose target is exactly what is given, behind the path of the API's own URL."""
    base = httpx.URL(settings.api)
    passed = end_to_end(headers, b"host", b"content-length", b"expect")
    exactly = {"target": base.raw_path.rstrip(b"/") + target}
    return httpx.Request(method, base, headers=passed, content=body, extensions=exactly)


async def _gathered(request: Request) -> bytes | None:
    body = bytearray()
    if (request.announced or 0) > LARGEST_BODY:
        return None
    async for piece in request.pieces():
        body += piece
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


async def _pass_back(answer: httpx.Response, request: Request) -> None:
    await request.begin_answer(answer.status_code, end_to_end(answer.headers.raw))
    async for piece in answer.aiter_raw(PIECE_BYTES):
        await request.go_on(piece)
    await request.end_answer()
