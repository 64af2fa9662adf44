"""The Chalice application with the traps of binary answers and threads removed (platform.md 4.6)."""

import base64
import threading
from typing import Any

from chalice.app import Chalice


class App(Chalice):
    """Chalice that accepts calls without `Accept`, sends text as text, and may serve several threads at once.

    Lambda runs one request at a time; the local front does not, so the current request is kept per thread.
    """

    def __init__(self, name: str) -> None:
        self._per_thread = threading.local()
        super().__init__(name)
        self.api.binary_types = ["*/*"]

    @property
    def current_request(self) -> Any:
        return getattr(self._per_thread, "request", None)

    @current_request.setter
    def current_request(self, request: Any) -> None:
        self._per_thread.request = request

    @property
    def lambda_context(self) -> Any:
        return getattr(self._per_thread, "context", None)

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        self._per_thread.context = context

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        headers = event.get("headers") or {}
        if not any(name.lower() == "accept" for name in headers):
            headers = {**headers, "accept": "*/*"}
        multi = event.get("multiValueHeaders") or {}
        if not any(name.lower() == "accept" for name in multi):
            multi = {**multi, "accept": ["*/*"]}
        prepared = {**event, "headers": headers, "multiValueHeaders": multi}
        prepared["pathParameters"] = event.get("pathParameters") or {}
        return _text_as_text(super().__call__(prepared, context))


def _text_as_text(response: dict[str, Any]) -> dict[str, Any]:
    """Undo the base64 that Chalice puts on every answer once all types are binary; JSON would grow by a third."""
    if not response.get("isBase64Encoded"):
        return response
    content_type = next((value for name, value in response["headers"].items() if name.lower() == "content-type"), "")
    if response["body"] and not content_type.startswith(("application/json", "text/")):
        return response
    return {**response, "body": base64.b64decode(response["body"]).decode(), "isBase64Encoded": False}
