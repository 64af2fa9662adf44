"""The HTTP front: serves the app under /v1 as API Gateway would, and artifacts from the bucket (platform.md 1.1)."""

import logging
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import IO, Any

from chalicelib.platform import aws, logs, table
from chalicelib.platform.config import config
from chalicelib.platform.deferred import load_deferred
from chalicelib.platform.key_ring import key_ring
from local import bodies
from local.artifacts import ACCEL_REDIRECT, PREFIX, Artifacts, Verifier
from local.distribution import SignedUrls
from local.event import STAGE, Invocation, http_answer, proxy_event
from local.routing import Match, RouteTree
from local.wsgi import Environ, HttpAnswer, StartResponse, close_afterwards, raw_path, send

NOT_FOUND = HttpAnswer(404)
TOO_LARGE = HttpAnswer(
    413, [("Content-Type", "text/plain; charset=utf-8")], b"The request body is over the limit of this server, 1 GiB."
)
_log = logging.getLogger("gunicorn.error")


def build() -> "Front":
    """The front of the project's own app, for gunicorn."""
    from app import app

    _warm_up()
    return Front(app, verify=SignedUrls(config))


def _warm_up() -> None:
    """Do now what a cold start delays to the first requests, and load all deferred modules before threads use them."""
    load_deferred()
    logs.logger()
    key_ring()
    aws.client("s3")
    table.read(table.Key(table.Row, "first", "request"))


class Front:
    """A WSGI application around a Chalice app, which is called as Lambda calls it: `app(event, context)`.

    `verify` decides about signed artifact URLs, without it they are all refused; `bucket` holds the artifacts.
    """

    def __init__(
        self,
        app: Any,
        *,
        verify: Verifier | None = None,
        bucket: str = config.bucket,
        largest_body: int = bodies.LARGEST,
    ) -> None:
        self._app = app
        self._tree = RouteTree(app.routes)
        self._artifacts = Artifacts(bucket, verify)
        self._largest_body = largest_body
        # What is served beside the API, by exact path: later pages join here.
        self._pages: dict[str, Callable[[Environ], HttpAnswer]] = {"/health": _health}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            with bodies.receive(environ, self._largest_body) as body:
                return self._respond(environ, body, start_response)
        except bodies.BodyTooLarge:
            close_afterwards(environ)
            return send(environ, start_response, TOO_LARGE)
        except bodies.BodyCutOff:
            close_afterwards(environ)
            return send(environ, start_response, HttpAnswer(400))

    def _respond(self, environ: Environ, body: IO[bytes], start_response: StartResponse) -> Iterable[bytes]:
        path = raw_path(environ)
        if path.startswith(f"/{STAGE}/"):
            answer = self._invoke(environ, path.removeprefix(f"/{STAGE}"), body)
            if answer.header(ACCEL_REDIRECT) is not None:
                return self._artifacts.in_place_of(answer, environ, start_response)
        elif path.startswith(PREFIX):
            return self._artifacts.signed(path, environ, start_response)
        else:
            page = self._pages.get(path)
            answer = page(environ) if page else NOT_FOUND
        return send(environ, start_response, answer)

    def _invoke(self, environ: Environ, path: str, body: IO[bytes]) -> HttpAnswer:
        match = self._tree.match(path)
        if match is None or environ["REQUEST_METHOD"] not in match.methods:
            return self._unknown(environ)
        return self._ask(environ, path, match, body)

    def _unknown(self, environ: Environ) -> HttpAnswer:
        """404, unless a token is bad: that is said before routing (platform.md 1.4), and the status route tells it.

        API Gateway answers unknown paths and methods by itself and cannot read tokens, there they are 404 in any case.
        """
        status = self._tree.match("/status")
        if status is None or "HTTP_AUTHORIZATION" not in environ:
            return NOT_FOUND
        answer = self._ask({**environ, "REQUEST_METHOD": "GET", "QUERY_STRING": ""}, "/status", status, BytesIO())
        return NOT_FOUND if answer.status == 200 else answer

    def _ask(self, environ: Environ, path: str, match: Match, body: IO[bytes]) -> HttpAnswer:
        event = proxy_event(environ, path, match, body)
        try:
            return http_answer(self._app(event, Invocation(event["requestContext"]["requestId"])))
        except Exception:  # noqa: BLE001 - the rim: a function that dies is an empty answer and a stack in the log
            _log.exception("the app failed on %s %s", environ["REQUEST_METHOD"], match.resource)
            return HttpAnswer(500)


def _health(environ: Environ) -> HttpAnswer:
    return HttpAnswer(200 if environ["REQUEST_METHOD"] in ("GET", "HEAD") else 404)
