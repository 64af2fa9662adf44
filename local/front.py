"""The HTTP front: serves an app under /v1 as a function URL does, and artifacts from the bucket (platform.md 1.1)."""

import logging
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import IO, Any

from chalicelib.http.events import PREFIX as API
from chalicelib.http.route_tree import RouteTree
from chalicelib.platform import logs
from chalicelib.platform.config import config
from local import aws_limits
from local.artifacts import ACCEL_REDIRECT, PREFIX, REQUEST_ID, Artifacts, Verifier
from local.event import Invocation, http_answer, lambda_event
from local.http_messages import HttpAnswer, HttpRequest
from local.part_uploads import MAX_PART_BYTES, PartUploads
from local.part_uploads import PREFIX as PARTS

MAX_ARCHIVE_BYTES = 1024 * 1024 * 1024
RAW_UPLOAD = "/depot/pkgs/{origin}/{pkg}/{version}/{release}"
NOT_FOUND = HttpAnswer(404)
UNKNOWN = "unknown"
"""The route of a request for which none is declared. Its body is not needed."""
_log = logging.getLogger("gunicorn.error")


@dataclass(frozen=True, slots=True)
class Handling:
    """How a request is answered: at once, or by a function of its body, which may call AWS and block."""

    route: str = "-"
    at_once: HttpAnswer | None = None
    respond: Callable[[IO[bytes]], HttpAnswer] | None = None
    max_body_bytes: int = 0
    """0: the body is not needed."""

    def answer(self, body: IO[bytes]) -> HttpAnswer:
        """Return the answer to a request with this body."""
        return self.at_once or (NOT_FOUND if self.respond is None else self.respond(body))

    @property
    def too_large(self) -> HttpAnswer:
        """The answer to a body over the limit."""
        text = f"The request body exceeds the limit of this server, {self.max_body_bytes} bytes."
        return HttpAnswer(413, [("Content-Type", "text/plain; charset=utf-8")], text.encode())


class Front:
    """Calls a Chalice app as Lambda does for a function URL: `app(event, context)`, within its limits.

    `verify` decides whether a signed artifact URL is valid; without it all are refused. `bucket` holds the artifacts.
    `parts`: parts of uploads come through the front, because clients may not reach the bucket.
    POSTs to `raw_uploads` may have a body of `max_archive_bytes`; on AWS the upload gateway takes them.
    """

    def __init__(
        self,
        app: Any,
        *,
        verify: Verifier | None = None,
        parts: PartUploads | None = None,
        bucket: str = config.bucket,
        raw_uploads: Collection[str] = (RAW_UPLOAD,),
        max_archive_bytes: int = MAX_ARCHIVE_BYTES,
    ) -> None:
        self._app = app
        self._tree = RouteTree(app.routes)
        self._artifacts = Artifacts(bucket, verify)
        self._parts = parts
        self._raw_uploads = frozenset(raw_uploads)
        self._max_archive_bytes = max_archive_bytes

    def handling(self, request: HttpRequest) -> Handling:
        """Return how to answer a request, decided by its method, path and headers, without a call to AWS."""
        path = request.raw_path
        if path.startswith(f"{API}/"):
            return self._api(request, path.removeprefix(API))
        if request.method == "PUT" and path.startswith(PARTS) and self._parts is not None:
            return Handling(PARTS, respond=partial(self._parts.store, request), max_body_bytes=MAX_PART_BYTES)
        if request.method not in ("GET", "HEAD"):
            return Handling(at_once=NOT_FOUND)
        if path.startswith(PREFIX):
            return Handling(PREFIX, respond=lambda _body: self._artifacts.signed_download(request))
        return Handling(at_once=HttpAnswer(200) if path == "/health" else NOT_FOUND)

    def respond(self, request: HttpRequest, body: bytes = b"") -> HttpAnswer:
        """Return the answer to a complete request."""
        handling = self.handling(request)
        if handling.max_body_bytes and len(body) > handling.max_body_bytes:
            return handling.too_large
        return handling.answer(BytesIO(body))

    def _api(self, request: HttpRequest, path: str) -> Handling:
        match = self._tree.match(path)
        if match is None or request.method not in match.methods:
            return Handling(respond=lambda _body: self._invoke(request, UNKNOWN, BytesIO()))
        is_raw_upload = request.method == "POST" and match.resource in self._raw_uploads
        limit = self._max_archive_bytes if is_raw_upload else aws_limits.MAX_EVENT_BODY_BYTES
        return Handling(match.resource, None, partial(self._invoke, request, match.resource), limit)

    def _invoke(self, request: HttpRequest, route: str, body: IO[bytes]) -> HttpAnswer:
        event = lambda_event(request, body)
        request_id = event["requestContext"]["requestId"]
        started = time.monotonic()
        try:
            response = self._app(event, Invocation(str(uuid.uuid4())))
            problem = aws_limits.response_problem(response)
            if problem is not None:
                _log.error("502 on AWS for %s %s: %s (request %s)", request.method, route, problem, request_id)
                return HttpAnswer(502, [(REQUEST_ID, request_id)])
            answer = http_answer(response)
        except Exception:  # noqa: BLE001 - last resort: a function that raises becomes an empty 500, as in Lambda
            _log.exception("the app failed on %s %s (request %s)", request.method, route, request_id)
            return HttpAnswer(500, [(REQUEST_ID, request_id)])
        seconds = time.monotonic() - started
        if seconds > aws_limits.SECONDS:
            _log.warning("%s %s took %d s: longer than the function's time-out", request.method, route, seconds)
        if answer.header(ACCEL_REDIRECT) is not None:
            with logs.correlated(request_id, None):
                return self._artifacts.internal_redirect(answer, request)
        return answer if self._parts is None else self._parts.shown(answer, request)
