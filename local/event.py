"""The events of API Gateway's REST proxy integration, and HTTP answers from a function's responses (platform.md 4.6).

There is one difference from API Gateway: the archive of a raw upload may exceed the event's limit. It is then passed as
an open file in `requestContext.bldrBodyFile`, and `body` is empty.
"""

import base64
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import parse_qsl

from local.aws_limits import MAX_EVENT_BODY_BYTES, SECONDS, header_pairs
from local.http_messages import HttpAnswer, HttpRequest
from local.routing import Match

STAGE = "v1"
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
        """Return the milliseconds until API Gateway times out, 29 s after the start."""
        return max(0, int((SECONDS - (time.monotonic() - self.started)) * 1000))


def proxy_event(request: HttpRequest, raw_path: str, match: Match, body: IO[bytes]) -> dict[str, Any]:
    """Return the proxy event of a request. `raw_path` is the path below the stage, percent-encoded as it was sent."""
    headers = request.headers
    query = parse_qsl(request.raw_query, keep_blank_values=True, errors="replace")
    by_name: dict[str, list[str]] = {}
    for name, value in query:
        by_name.setdefault(name, []).append(value)
    content, is_large = _content(body)
    context = _request_context(request, raw_path, match)
    if is_large:
        context["bldrBodyFile"] = body
    return {
        "resource": match.resource,
        "path": raw_path,
        "httpMethod": request.method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in by_name.items()} or None,
        "multiValueQueryStringParameters": by_name or None,
        "pathParameters": dict(match.variables) or None,
        "stageVariables": None,
        "requestContext": context,
        "body": base64.b64encode(content).decode("ascii") if content else ("" if is_large else None),
        "isBase64Encoded": bool(content),
    }


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


def _request_context(request: HttpRequest, raw_path: str, match: Match) -> dict[str, Any]:
    return {
        "accountId": "123456789012",
        "apiId": "local",
        "httpMethod": request.method,
        "identity": {"sourceIp": request.source_ip, "userAgent": request.headers.get("user-agent")},
        "path": f"/{STAGE}{raw_path}",
        "protocol": request.protocol,
        "requestId": str(uuid.uuid4()),
        "requestTimeEpoch": int(time.time() * 1000),
        "resourcePath": match.resource,
        "stage": STAGE,
    }


def _header_value(value: str) -> str:
    """Return a header value to send: UTF-8 bytes as Latin-1 text, without control characters, which break HTTP."""
    return value.encode().decode("latin-1").translate(_CONTROL_CHARACTERS)
