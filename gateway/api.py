"""Requests to the API and to the object store, with the causes of their failures."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable

import httpx

from gateway.config import Config
from gateway.http import Headers, Refused, Reply, end_to_end

# The API answers within 29 s behind API Gateway. Elsewhere it may take longer, and a slow machine has not failed.
TIMEOUT = httpx.Timeout(120, connect=5)
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
ATTEMPTS = 3
BACKOFF_SECONDS = 0.5
BAD_GATEWAY = Reply.text(502, "")
NOT_FORWARDED = Reply.text(400, "The request cannot be forwarded.")
# Ours, then what API Gateway, S3 and other servers set when no function answers.
REQUEST_ID_HEADERS = ("x-request-id", "x-amzn-requestid", "x-amz-request-id")
_REQUEST_ID = re.compile(r"[\w.=-]{1,100}", re.ASCII)
_log = logging.getLogger("gateway")


def new_client() -> httpx.AsyncClient:
    """Return a client for all requests. Redirects are not followed."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    return httpx.AsyncClient(timeout=TIMEOUT, limits=limits, trust_env=False)


def api_request(
    config: Config, method: str, target: bytes, headers: Headers, body: bytes | AsyncIterator[bytes] | None, size: int
) -> httpx.Request:
    """Return a request to the API. `target` is appended byte for byte to the path of the API's URL."""
    base = httpx.URL(config.api)
    forwarded = end_to_end(headers, b"host", b"content-length", b"expect")
    if body is not None:
        forwarded.append((b"content-length", str(size).encode()))
    raw_target = {"target": base.raw_path.rstrip(b"/") + target}
    return httpx.Request(method, base, headers=forwarded, content=body, extensions=raw_target)


async def send(
    client: httpx.AsyncClient, make: Callable[[], httpx.Request], what: str, *, repeats: bool, stream: bool = False
) -> httpx.Response:
    """Send a request and return the response. `make` returns the request, `what` names it in the log.

    A request that was certainly not received is sent again; one that may have been received only if `repeats`. Raises
    Refused: 502 if the server cannot be reached, 400 if the client sent something that cannot be forwarded.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await client.send(make(), stream=stream)
        except httpx.LocalProtocolError as problem:
            raise Refused(NOT_FORWARDED, f"{what} is not valid HTTP") from problem
        except httpx.HTTPError as problem:
            cause = f"{what}: {type(problem).__name__}"
            is_unsent = isinstance(problem, httpx.ConnectError | httpx.ConnectTimeout)
            if attempt == ATTEMPTS or not (repeats or is_unsent):
                raise Refused(BAD_GATEWAY, cause) from problem
        _log.info("%s; attempt %d follows", cause, attempt + 1)
        await asyncio.sleep(BACKOFF_SECONDS * attempt)
    raise AssertionError("unreachable")


def status_of(response: httpx.Response) -> str:
    """Return the status for the log, with the id under which the server logged the request."""
    ids = (response.headers.get(name, "") for name in REQUEST_ID_HEADERS)
    request_id = next((one for one in ids if _REQUEST_ID.fullmatch(one)), None)
    return f"{response.status_code} (request {request_id})" if request_id else str(response.status_code)
