"""A client of the API as tests use it: real HTTP semantics through the local front, without a socket."""

import json as json_module
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.test import Client


@dataclass(frozen=True)
class Reply:
    """What the API answered."""

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
    """Sends requests to `/v1`; `by` is a functional-test user or a token, None is anonymous."""

    def __init__(self, application: Any) -> None:
        self._client = Client(application)

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
    ) -> Reply:
        """One request; the path goes out as written, percent-encoding included."""
        sent = dict(headers or {})
        if by is not None:
            sent.setdefault("Authorization", f"Bearer {by}")
        if json is not None:
            body = json_module.dumps(json).encode()
            sent.setdefault("Content-Type", "application/json")
        target = f"/v1{path}"
        if query:
            from urllib.parse import urlencode

            target += ("&" if "?" in target else "?") + urlencode(query)
        response = self._client.open(
            target.partition("?")[0],
            method=method,
            headers=sent,
            data=body,
            query_string=target.partition("?")[2],
            environ_overrides={"RAW_URI": target, "REQUEST_URI": target},
        )
        return Reply(response.status_code, response.get_data(), response.headers)

    def get(self, path: str, **more: Any) -> Reply:
        """GET."""
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> Reply:
        """POST."""
        return self.request("POST", path, **more)

    def put(self, path: str, **more: Any) -> Reply:
        """PUT."""
        return self.request("PUT", path, **more)

    def patch(self, path: str, **more: Any) -> Reply:
        """PATCH."""
        return self.request("PATCH", path, **more)

    def delete(self, path: str, **more: Any) -> Reply:
        """DELETE."""
        return self.request("DELETE", path, **more)
