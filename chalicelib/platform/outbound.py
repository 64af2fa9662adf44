"""Requests to other HTTP services: bounded in time and size, without redirects (accounts.md 5, platform.md 2)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
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

    `seconds` bounds the whole exchange, name resolution included. Then its connections are ended, since a service that
    sends a byte now and then would otherwise occupy a thread and a connection for ever.
    """
    connections = _Connections()
    return _within(seconds, lambda: _exchange(*opener(request), seconds, connections), connections.end)


class _Connections:
    """The connections of one exchange, which another thread can end.

    Sockets are duplicated, because a TLS connection takes the descriptor of the original socket.
    """

    def __init__(self) -> None:
        self._duplicates: list[socket.socket] = []
        self._lock = threading.Lock()
        self._ended = False

    def watch(self, session: requests.Session) -> None:
        """Record the connections that a session opens from now on."""
        adapters: Iterable[Any] = session.adapters.values()
        for pools in (adapter.poolmanager for adapter in adapters):
            pools.pool_classes_by_scheme = {
                scheme: self._watched(pool) for scheme, pool in pools.pool_classes_by_scheme.items()
            }

    def end(self) -> None:
        """End all connections, also those that are opened later."""
        with self._lock:
            self._ended = True
            for each in self._duplicates:
                _shut_down(each)

    def release(self) -> None:
        """Close the duplicates, after the exchange."""
        with self._lock:
            while self._duplicates:
                self._duplicates.pop().close()

    def _watched(self, pool: Any) -> Any:
        record = self._record

        class WatchedConnection(pool.ConnectionCls):  # type: ignore[misc]  # mypy cannot follow a base class that is a value
            def _new_conn(self) -> socket.socket:
                opened: socket.socket = super()._new_conn()
                record(opened)
                return opened

        return type(pool.__name__, (pool,), {"ConnectionCls": WatchedConnection})

    def _record(self, opened: socket.socket) -> None:
        with self._lock:
            self._duplicates.append(opened.dup())
            if self._ended:
                _shut_down(opened)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended already
        connection.shutdown(socket.SHUT_RDWR)


def _exchange(
    session: requests.Session, request: OutboundRequest, seconds: float, connections: _Connections
) -> OutboundResponse:
    connections.watch(session)
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
    finally:
        connections.release()


def _bounded_body(chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > BODY_BYTES:
            raise Unreachable
    return bytes(body)


def _within(seconds: float, work: Callable[[], T], end: Callable[[], None]) -> T:
    """Return what `work` returns, or call `end` and raise Unreachable after some seconds.

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
        end()
        raise Unreachable
    return results[0]
