"""A client of the API for tests: HTTP through the local front, without a socket."""

import json as json_module
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import Headers

from local.front import Front
from local.http_messages import HttpRequest
from tests.builders.declarations import DeclaredStatuses


@dataclass(frozen=True)
class Reply:
    """An answer of the API."""

    status: int
    body: bytes
    headers: Headers

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json_module.loads(self.body)


class Depot:
    """Sends requests to `/v1`. `by` is a functional-test user or a token; None is anonymous.

    If `declared` is given, every answer must have a status and a content type that its route declares.
    """

    def __init__(self, front: Front, declared: DeclaredStatuses | None = None) -> None:
        self._front = front
        self._declared = declared

    def request(
        self,
        method: str,
        path: str,
        *,
        by: str | None = None,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        source_ip: str = "127.0.0.1",
    ) -> Reply:
        """Send a request. The path is sent unchanged, with its percent-encoding."""
        sent = dict(headers or {})
        if by is not None:
            sent.setdefault("Authorization", f"Bearer {by}")
        if json is not None:
            body = json_module.dumps(json).encode()
            sent.setdefault("Content-Type", "application/json")
        target = f"/v1{path}"
        if query:
            target += ("&" if "?" in target else "?") + urlencode(query)
        sent_headers = {name.lower(): value for name, value in sent.items()}
        if body is not None:
            sent_headers["content-length"] = str(len(body))
        answer = self._front.respond(HttpRequest(method, target, sent_headers, source_ip), body or b"")
        if self._declared is not None:
            self._declared.require(method, path.partition("?")[0], sent, answer.status)
        content = answer.body_for(method) if answer.chunks is None else b"".join(answer.chunks)
        reply = Reply(answer.status, content, Headers(answer.framed()))
        if self._declared is not None:
            content_type = reply.headers.get("Content-Type") if content or method == "HEAD" else None
            self._declared.require_content(method, path.partition("?")[0], answer.status, content_type)
        return reply

    def get(self, path: str, **more: Any) -> Reply:
        """Send a GET."""
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> Reply:
        """Send a POST."""
        return self.request("POST", path, **more)

    def put(self, path: str, **more: Any) -> Reply:
        """Send a PUT."""
        return self.request("PUT", path, **more)

    def patch(self, path: str, **more: Any) -> Reply:
        """Send a PATCH."""
        return self.request("PATCH", path, **more)

    def delete(self, path: str, **more: Any) -> Reply:
        """Send a DELETE."""
        return self.request("DELETE", path, **more)
