"""WSGI and gunicorn details that every answer of the front needs: raw path, status line, sending and closing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]

WITHOUT_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status, headers in order, and body of an answer."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None. Names are compared without case."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    def without(self, *names: str) -> list[tuple[str, str]]:
        """Return the headers except those with the given names, which are in lower case."""
        return [(name, value) for name, value in self.headers if name.lower() not in names]


def raw_path(environ: Environ) -> str:
    """Return the percent-encoded path as the client sent it. PATH_INFO is decoded, so `%2F` would be lost."""
    target = str(environ["RAW_URI"]).partition("?")[0]
    if target.startswith("/"):
        return target
    _, scheme, rest = target.partition("://")  # absolute form, which clients of a proxy send
    return "/" + rest.partition("/")[2] if scheme else ""


def send(environ: Environ, start_response: StartResponse, answer: HttpAnswer) -> Iterable[bytes]:
    """Send an answer. An empty body has no content type, 204 and 304 have no length, and HEAD gets no body."""
    headers = answer.without("content-length") if answer.body else answer.without("content-length", "content-type")
    if answer.status not in WITHOUT_BODY:
        headers.append(("Content-Length", str(len(answer.body))))
    start_response(status_line(answer.status), headers)
    if answer.status in WITHOUT_BODY or environ["REQUEST_METHOD"] == "HEAD" or not answer.body:
        return []
    return [answer.body]


def status_line(status: int) -> str:
    """Return the status with its standard phrase, for example `404 Not Found`, or only the number if it has none."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def close_afterwards(environ: Environ) -> None:
    """Close the connection after this answer and send `Connection: close`, because the request was not read completely.

    WSGI has no interface for this, so gunicorn_conf.py attaches the request's `force_close` to its body.
    """
    force_close = getattr(environ["wsgi.input"], "force_close", None)
    if force_close is not None:
        force_close()
