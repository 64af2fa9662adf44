"""Calls to other people's HTTP services: bounded in time and size, never redirected (accounts.md 5, platform.md 2)."""

import json as json_module
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from requests import Session

USER_AGENT = "Habitat-Builder"
CONNECT_SECONDS = 5
LARGEST_ANSWER = 4 * 1024 * 1024
_CHUNK = 64 * 1024

T = TypeVar("T")


class Unreachable(Exception):
    """The service did not answer in time, or not in HTTP that can be read."""


class Unreadable(Exception):
    """The service's answer is no JSON object."""


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """What a service answered."""

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
        """The JSON object in the body. Raises Unreadable."""
        try:
            value = json_module.loads(self.body)
        except (ValueError, RecursionError) as problem:
            raise Unreadable from problem
        if not isinstance(value, dict):
            raise Unreadable
        return value


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """A request to a service; `form` or `json` becomes the body, `basic` a name and password."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None
    basic: tuple[str, str] | None = None


Way = Callable[[OutboundRequest], "tuple[Session, OutboundRequest]"]


def directly(ask: OutboundRequest) -> "tuple[Session, OutboundRequest]":
    """The way to an address from our own configuration."""
    from requests import Session

    return Session(), ask


def send(ask: OutboundRequest, seconds: float, way: Way = directly) -> OutboundResponse:
    """Send a request and read the whole answer within so many seconds, name resolution included. Raises Unreachable.

    `way` opens the session, and may refuse with an error of its own.
    """
    return _within(seconds, lambda: _exchange(*way(ask), seconds))


def _exchange(session: "Session", ask: OutboundRequest, seconds: float) -> OutboundResponse:
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        with (
            session,
            session.request(
                ask.method,
                ask.url,
                params=ask.query,
                data=ask.form,
                json=ask.json,
                auth=ask.basic,
                headers={"User-Agent": USER_AGENT, **ask.headers},
                timeout=(min(CONNECT_SECONDS, seconds), seconds),
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            return OutboundResponse(answer.status_code, _whole_body(answer.iter_content(_CHUNK)))
    except (RequestException, HTTPError, UnicodeError, ValueError) as problem:
        raise Unreachable from problem


def _whole_body(chunks: Any) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise Unreachable
    return bytes(body)


def _within(seconds: float, work: Callable[[], T]) -> T:
    """Run something for so long at most; sockets only limit the silence between two bytes, and a service may drip."""
    outcome: list[T] = []
    problems: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as problem:  # noqa: BLE001 - raised again in the thread that waits
            problems.append(problem)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    worker.join(seconds)
    if problems:
        raise problems[0]
    if not outcome:
        raise Unreachable
    return outcome[0]
