"""The events of a function URL (payload format 2.0), and HTTP answers from a function's responses (platform.md 4.6).

There is one difference from AWS: the archive of a raw upload may exceed the event's limit. It is then passed as
an open file in `requestContext.bldrBodyFile`, and `body` is empty.
"""

import base64
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from local.aws_limits import MAX_EVENT_BODY_BYTES, SECONDS, header_pairs
from local.http_messages import HttpAnswer, HttpRequest

_CONTROL_CHARACTERS = {code: None for code in [*range(0x20), 0x7F] if code != 0x09}


@dataclass(frozen=True, slots=True)
class Invocation:
    """The attributes of Lambda's context object that the app uses."""

    aws_request_id: str
    function_name: str = "api_handler"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:api_handler"
    started: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function times out, 29 s after the start."""
        return max(0, int((SECONDS - (time.monotonic() - self.started)) * 1000))


def lambda_event(request: HttpRequest, body: IO[bytes]) -> dict[str, Any]:
    """Return the event of a request, in payload format 2.0. Paths are percent-encoded as they were sent."""
    content, is_large = _content(body)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.raw_path,
        "rawQueryString": request.raw_query,
        "headers": dict(request.headers),
        "requestContext": _request_context(request),
        "isBase64Encoded": bool(content),
    }
    if content:
        event["body"] = base64.b64encode(content).decode("ascii")
    if is_large:
        event["requestContext"]["bldrBodyFile"] = body
    return event


def http_answer(response: Mapping[str, Any]) -> HttpAnswer:
    """Return a function's proxy response as an HTTP answer, with its body decoded from Base64."""
    body = response.get("body") or b""
    if isinstance(body, str):
        body = base64.b64decode(body) if response.get("isBase64Encoded") else body.encode()
    headers = [(name, _header_value(value)) for name, value in header_pairs(response)]
    return HttpAnswer(int(response["statusCode"]), headers, body)


def _content(body: IO[bytes]) -> tuple[bytes, bool]:
    """Return the body for the event, and whether it is too large for the event (then it is empty here)."""
    size = body.seek(0, 2)
    body.seek(0)
    if size > MAX_EVENT_BODY_BYTES:
        return b"", True
    return body.read(), False


def _request_context(request: HttpRequest) -> dict[str, Any]:
    return {
        "accountId": "anonymous",
        "apiId": "local",
        "http": {
            "method": request.method,
            "path": request.raw_path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.headers.get("user-agent"),
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": "$default",
        "stage": "$default",
        "timeEpoch": int(time.time() * 1000),
    }


def _header_value(value: str) -> str:
    """Return a header value to send: UTF-8 bytes as Latin-1 text, without control characters, which break HTTP."""
    return value.encode().decode("latin-1").translate(_CONTROL_CHARACTERS)
