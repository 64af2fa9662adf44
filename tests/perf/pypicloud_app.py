"""pypicloud as an ASGI application for the server of our API. gunicorn imports it in pypicloud's own environment."""

import asyncio
import inspect
import os
from base64 import b64encode
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import IO, Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from local import bodies
from local.exchange import Exchange, Message, Receive, Send
from local.http_messages import HttpAnswer, HttpRequest

CONFIG = "PYPICLOUD_CONFIG"
USER, PASSWORD = "bench", "password"
AUTHORIZATION = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
MAX_BODY_BYTES = 1024 * 1024 * 1024

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def build() -> "AsgiBridge":
    """Return pypicloud with the settings in the file that the environment names, ready for its first request."""
    _adapt_to_python_3_11()
    from paste.deploy import loadapp  # type: ignore[import-not-found]  # not in our environment

    application = loadapp(f"config:{os.environ[CONFIG]}")
    # The first comparison of a password loads the hashes, which is not thread-safe.
    warm = answer_of(application, HttpRequest("GET", "/simple/", {"authorization": AUTHORIZATION}), BytesIO())
    if warm.status != 200:
        raise RuntimeError(f"pypicloud answered {warm.status} to its first request")
    threads = ThreadPoolExecutor(int(os.environ["BLDR_THREADS"]), thread_name_prefix="request")
    return AsgiBridge(application, threads)


def _adapt_to_python_3_11() -> None:
    """Replace what two libraries use and newer versions of Python no longer have."""
    inspect.getargspec = _arguments_of  # type: ignore[attr-defined]  # pyramid_duh 0.1.2 calls it
    from flywheel.fields.types import DateTimeType  # type: ignore[import-not-found]  # not in our environment

    DateTimeType.ddb_load = lambda _type, value: _time_of(value)  # flywheel 0.5.4 passes a Decimal as an int


def _time_of(value: Decimal) -> datetime:
    seconds = int(value)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=int(1_000_000 * (value - seconds)))


class Arguments(NamedTuple):
    """What `inspect.getargspec` returned."""

    args: list[str]
    varargs: str | None
    keywords: str | None
    defaults: tuple[Any, ...] | None


def _arguments_of(function: Callable[..., Any]) -> Arguments:
    return Arguments(*inspect.getfullargspec(function)[:4])


class AsgiBridge:
    """Serves a WSGI application as the front of the local stack serves our API: bodies first, then a thread."""

    def __init__(self, application: Wsgi, threads: ThreadPoolExecutor) -> None:
        self._application = application
        self._threads = threads

    def end(self) -> None:
        """Called when the server stops. No request waits for an event."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        with await bodies.receive(exchange, MAX_BODY_BYTES) as body:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._threads, answer_of, self._application, exchange.request, body)
        await exchange.start(answer)
        await exchange.finish()


def answer_of(application: Wsgi, request: HttpRequest, body: IO[bytes]) -> HttpAnswer:
    """Return the answer of a WSGI application."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _problem: Any = None) -> None:
        begun.append((status, headers))

    chunks = application(environ_of(request, body), start_response)
    content = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    status, headers = begun[-1]
    return HttpAnswer(int(status.split()[0]), headers, content)


def environ_of(request: HttpRequest, body: IO[bytes]) -> dict[str, Any]:
    """Return a request as WSGI has it (PEP 3333)."""
    host = urlsplit(f"//{request.headers.get('host', 'localhost')}")
    return {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.raw_path).decode("latin-1"),
        "QUERY_STRING": request.raw_query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": request.headers.get("content-length", "0"),
        "SERVER_NAME": host.hostname,
        "SERVER_PORT": str(host.port or 80),
        "SERVER_PROTOCOL": request.protocol,
        "REMOTE_ADDR": request.source_ip,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()},
    }
