"""A client of the API that knows when a request began and ended, and whether there was an answer at all."""

import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

SECONDS = 300.0
"""Longer than any pause and any retry, so that a request without an answer met a kill."""

UNAVAILABLE = 503


@dataclass(frozen=True)
class Answer:
    """An answer, with the monotonic times of the request. `status` is 0 if there was none."""

    request: str
    status: int
    body: bytes
    began: float
    ended: float

    @property
    def is_certain(self) -> bool:
        """Whether the answer says what has happened."""
        return self.status not in (0, UNAVAILABLE)

    def json(self) -> Any:
        """Return the body parsed as JSON."""
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.request} -> {self.status} {self.body[:200]!r}"


class Client:
    """One connection as one user; an empty user is anonymous. It opens the connection again when it is lost."""

    def __init__(self, port: int, user: str, note: Callable[[Answer], None]) -> None:
        self.user = user
        self._note = note
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)

    def send(self, method: str, path: str, query: dict[str, Any] | None = None, body: Any = None) -> Answer:
        """Send a request once. `path` is below `/v1`; a body that is not bytes is sent as JSON."""
        headers = {"Authorization": f"Bearer {self.user}"} if self.user else {}
        if body is not None and not isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        target = f"/v1{quote(path)}" + (f"?{urlencode(query)}" if query else "")
        shown = f"{self.user or 'anonymous'}: {method} {target}"
        began = time.monotonic()
        try:
            self._connection.request(method, target, body=body, headers=headers)
            response = self._connection.getresponse()
            status, content = response.status, response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            status, content = 0, b""
        answer = Answer(shown, status, content, began, time.monotonic())
        self._note(answer)
        return answer

    def read(self, path: str, **query: Any) -> Answer:
        """Send a GET until there is a certain answer. Only the last try counts."""
        while True:
            answer = self.send("GET", path, query)
            if answer.is_certain:
                return answer
            time.sleep(0.1)
