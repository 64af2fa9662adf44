"""What every answer of the front needs from WSGI and gunicorn: raw path, status line, sending, closing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]

WITHOUT_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status, headers in order, and body bytes."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    def without(self, *names: str) -> list[tuple[str, str]]:
        """The headers but for some, named in lower case."""
        return [(name, value) for name, value in self.headers if name.lower() not in names]


def raw_path(environ: Environ) -> str:
    """The path as the client sent it, percent-encoded; PATH_INFO would be decoded, and `%2F` lost in it."""
    target = str(environ["RAW_URI"]).partition("?")[0]
    if target.startswith("/"):
        return target
    _, scheme, rest = target.partition("://")  # the absolute form, which a proxy's client may send
    return "/" + rest.partition("/")[2] if scheme else ""


def send(environ: Environ, start_response: StartResponse, answer: HttpAnswer) -> Iterable[bytes]:
    """Send an answer: no content type without a body, no length on 204 and 304, no body to HEAD."""
    headers = answer.without("content-length") if answer.body else answer.without("content-length", "content-type")
    if answer.status not in WITHOUT_BODY:
        headers.append(("Content-Length", str(len(answer.body))))
    start_response(status_line(answer.status), headers)
    if answer.status in WITHOUT_BODY or environ["REQUEST_METHOD"] == "HEAD" or not answer.body:
        return []
    return [answer.body]


def status_line(status: int) -> str:
    """`404 Not Found`; a number without a standard phrase stands alone."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def close_afterwards(environ: Environ) -> None:
    """Let this answer be the connection's last and say so, because the rest of the request was not read.

    WSGI has no word for it; gunicorn_conf.py puts the request's own `force_close` beside its body.
    """
    force_close = getattr(environ["wsgi.input"], "force_close", None)
    if force_close is not None:
        force_close()
