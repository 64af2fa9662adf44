"""Waits until a completed upload is published, over several requests of the client if it takes long (platform.md 4.4).

A proxy in front of the gateway, such as CloudFront, waits only so long for the first byte of a response. Before that,
the gateway redirects the client to a path at which it continues to wait: hab follows up to ten redirects, and sends a
GET after a 303. It takes the last status for that of the upload, so at such a path only a published package is a
success.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable

import httpx

from gateway.api import BACKOFF_SECONDS, status_of
from gateway.config import Config
from gateway.http import Refused, Reply, Request, end_to_end

UPLOADS = b"/v1/depot/uploads"
PATH = re.compile(rb"/v1/gateway/uploads/([\w-]{1,64})/([1-9])")
LAST_TURN = 9
NOT_PUBLISHED_YET = Reply.text(504, "")
CallApi = Callable[[str, bytes], Awaitable[httpx.Response]]
_log = logging.getLogger("gateway")


def is_wait(request: Request) -> bool:
    """Return True for a request that was redirected here."""
    return request.method == "GET" and PATH.fullmatch(request.path) is not None


async def continued(request: Request, call_api: CallApi, config: Config) -> Reply:
    """Return the response to a redirected request. Raises Refused."""
    match = PATH.fullmatch(request.path)
    upload_id, turn = match.groups() if match is not None else (b"", b"0")
    return await outcome(upload_id, int(turn), call_api, config)


async def outcome(upload_id: bytes, turn: int, call_api: CallApi, config: Config) -> Reply:
    """Complete an upload, and return the API's response or a redirect.

    Returns 504 if the upload is not published after the last redirect; it continues, and hab's retry gets 409. Raises
    Refused for every other failure.
    """
    try:
        async with asyncio.timeout(config.answer_seconds):
            response = await _completed(UPLOADS + b"/%s/complete" % upload_id, call_api)
    except TimeoutError:
        return _redirect(upload_id, turn + 1)
    if response.status_code != 201:
        raise refusal(response)
    return reply_of(response)


async def _completed(target: bytes, call_api: CallApi) -> httpx.Response:
    while (response := await call_api("POST", target)).status_code == 202:
        await asyncio.sleep(BACKOFF_SECONDS)
    return response


def _redirect(upload_id: bytes, turn: int) -> Reply:
    if turn > LAST_TURN:
        _log.error("an upload was not published after %d redirects: 504", LAST_TURN)
        return NOT_PUBLISHED_YET
    location = b"/v1/gateway/uploads/%s/%d" % (upload_id, turn)
    return Reply(303, [(b"location", location), (b"cache-control", b"private, no-store")])


def reply_of(response: httpx.Response) -> Reply:
    """Return a response of the API as our own."""
    return Reply(response.status_code, end_to_end(response.headers.raw, b"content-length"), response.content)


def refusal(response: httpx.Response) -> Refused:
    """Return the error for an unexpected response of the API, which the client gets."""
    return Refused(reply_of(response), f"the API answered {status_of(response)}")
