"""Requests to other HTTP services: bounded in time and size, without redirects (accounts.md 5, platform.md 2)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from msgspec import MsgspecError, Struct, json
from urllib3.exceptions import HTTPError

from chalicelib.core.deferred import deferred

with deferred():
    import requests

USER_AGENT = "Habitat-Builder"
CONNECT_SECONDS = 5
BODY_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024

T = TypeVar("T")


class Unreachable(Exception):
    """The service did not send a readable HTTP response in time."""


class Unreadable(Exception):
    """The body of the response is not a JSON object."""


class OutboundResponse(Struct, frozen=True):
    """The response of a service."""

    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        return self.body.decode(errors="replace")

    def json_object(self) -> dict[str, Any]:
        """Return the JSON object in the body. Raises Unreadable, also for numbers out of range."""
        try:
            return json.decode(self.body, type=dict[str, Any])
        except (MsgspecError, UnicodeError, RecursionError) as problem:
            raise Unreadable from problem


class OutboundRequest(Struct, frozen=True):
    """A request to a service. `form` or `json` becomes the body; `basic` is a user name and a password."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None
    basic: tuple[str, str] | None = None


Opener = Callable[[OutboundRequest], "tuple[requests.Session, OutboundRequest]"]
"""Opens a session for a request; it may change the request, or raise an error to refuse it."""


def directly(request: OutboundRequest) -> tuple[requests.Session, OutboundRequest]:
    """Open a session for a URL from the settings of the service, which is trusted."""
    return requests.Session(), request


def send(request: OutboundRequest, seconds: float, opener: Opener = directly) -> OutboundResponse:
    """Send a request and return the whole response. Raises Unreachable, and the errors of the opener.

    `seconds` bounds the whole exchange, name resolution included.
    """
    return _within(seconds, lambda: _exchange(*opener(request), seconds))


def _exchange(session: requests.Session, request: OutboundRequest, seconds: float) -> OutboundResponse:
    try:
        with (
            session,
            session.request(
                request.method,
                request.url,
                params=request.query,
                data=request.form,
                json=request.json,
                auth=request.basic,
                headers={"User-Agent": USER_AGENT, **request.headers},
                timeout=(min(CONNECT_SECONDS, seconds), seconds),
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            return OutboundResponse(response.status_code, _bounded_body(response.iter_content(_CHUNK_BYTES)))
    except (requests.RequestException, HTTPError, UnicodeError, ValueError) as problem:
        raise Unreachable from problem


def _bounded_body(chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > BODY_BYTES:
            raise Unreachable
    return bytes(body)


def _within(seconds: float, work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise Unreachable after some seconds.

    The timeouts of sockets are not enough: they bound the pause between two bytes, not the whole response.
    """
    results: list[T] = []
    problems: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as problem:  # noqa: BLE001 - raised again in the waiting thread
            problems.append(problem)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    worker.join(seconds)
    if problems:
        raise problems[0]
    if not results:
        raise Unreachable
    return results[0]
