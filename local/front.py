"""The HTTP front: serves an app under /v1 as API Gateway does, and artifacts from the bucket (platform.md 1.1)."""

import logging
from collections.abc import Iterable
from io import BytesIO
from typing import IO, Any

from chalicelib.platform.config import config
from local import bodies
from local.artifacts import ACCEL_REDIRECT, PREFIX, Artifacts, Verifier
from local.event import STAGE, Invocation, http_answer, proxy_event
from local.routing import Match, RouteTree
from local.wsgi import Environ, HttpAnswer, StartResponse, close_afterwards, raw_path, send

NOT_FOUND = HttpAnswer(404)
TOO_LARGE = HttpAnswer(
    413, [("Content-Type", "text/plain; charset=utf-8")], b"The request body exceeds the limit of this server, 1 GiB."
)
_log = logging.getLogger("gunicorn.error")


class Front:
    """A WSGI application that calls a Chalice app as Lambda does: `app(event, context)`.

    `verify` decides whether a signed artifact URL is valid; without it all are refused. `bucket` holds the artifacts.
    """

    def __init__(
        self,
        app: Any,
        *,
        verify: Verifier | None = None,
        bucket: str = config.bucket,
        max_body_bytes: int = bodies.MAX_BYTES,
    ) -> None:
        self._app = app
        self._tree = RouteTree(app.routes)
        self._artifacts = Artifacts(bucket, verify)
        self._max_body_bytes = max_body_bytes

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            with bodies.receive(environ, self._max_body_bytes) as body:
                return self._respond(environ, body, start_response)
        except bodies.BodyTooLarge:
            close_afterwards(environ)
            return send(environ, start_response, TOO_LARGE)
        except bodies.BodyIncomplete:
            close_afterwards(environ)
            return send(environ, start_response, HttpAnswer(400))

    def _respond(self, environ: Environ, body: IO[bytes], start_response: StartResponse) -> Iterable[bytes]:
        path = raw_path(environ)
        if path.startswith(PREFIX):
            return self._artifacts.signed_download(path, environ, start_response)
        if path.startswith(f"/{STAGE}/"):
            answer = self._route(environ, path.removeprefix(f"/{STAGE}"), body)
            if answer.header(ACCEL_REDIRECT) is not None:
                return self._artifacts.internal_redirect(answer, environ, start_response)
        else:
            answer = _health(environ) if path == "/health" else NOT_FOUND
        return send(environ, start_response, answer)

    def _route(self, environ: Environ, path: str, body: IO[bytes]) -> HttpAnswer:
        match = self._tree.match(path)
        if match is None or environ["REQUEST_METHOD"] not in match.methods:
            return self._unknown_route(environ)
        return self._invoke(environ, path, match, body)

    def _unknown_route(self, environ: Environ) -> HttpAnswer:
        """Return 404, or 401 for an invalid token, which is checked before routing (platform.md 1.4).

        The status route checks the token. API Gateway answers unknown routes itself and always returns 404.
        """
        status = self._tree.match("/status")
        if status is None or "HTTP_AUTHORIZATION" not in environ:
            return NOT_FOUND
        answer = self._invoke({**environ, "REQUEST_METHOD": "GET", "QUERY_STRING": ""}, "/status", status, BytesIO())
        return NOT_FOUND if answer.status == 200 else answer

    def _invoke(self, environ: Environ, path: str, match: Match, body: IO[bytes]) -> HttpAnswer:
        event = proxy_event(environ, path, match, body)
        try:
            return http_answer(self._app(event, Invocation(event["requestContext"]["requestId"])))
        except Exception:  # noqa: BLE001 - last resort: a function that raises becomes an empty 500, as in Lambda
            _log.exception("the app failed on %s %s", environ["REQUEST_METHOD"], match.resource)
            return HttpAnswer(500)


def _health(environ: Environ) -> HttpAnswer:
    return HttpAnswer(200 if environ["REQUEST_METHOD"] in ("GET", "HEAD") else 404)
