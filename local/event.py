"""The events of API Gateway's REST proxy integration, and HTTP answers from a function's responses (platform.md 4.6).

There is one difference from API Gateway: a body over the event's limit is not refused. It is passed as an open file in
`requestContext.bldrBodyFile`, and `body` is empty.
"""

import base64
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import parse_qsl

from local.routing import Match
from local.wsgi import HttpAnswer

STAGE = "v1"
MAX_EVENT_BODY_BYTES = 6 * 1024 * 1024
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
        return max(0, int(29_000 - (time.monotonic() - self.started) * 1000))


def proxy_event(environ: Mapping[str, Any], raw_path: str, match: Match, body: IO[bytes]) -> dict[str, Any]:
    """Return the proxy event of a request. `raw_path` is the path below the stage, percent-encoded as it was sent."""
    headers = dict(_headers(environ))
    query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True, errors="replace")
    by_name: dict[str, list[str]] = {}
    for name, value in query:
        by_name.setdefault(name, []).append(value)
    content, is_large = _content(body)
    context = _request_context(environ, raw_path, match)
    if is_large:
        context["bldrBodyFile"] = body
    return {
        "resource": match.resource,
        "path": raw_path,
        "httpMethod": environ["REQUEST_METHOD"],
        "headers": headers,
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
    multi_value = response.get("multiValueHeaders") or {}
    pairs = [(name, value) for name, values in multi_value.items() for value in values]
    present = {name.lower() for name, _ in pairs}
    pairs += [(name, value) for name, value in (response.get("headers") or {}).items() if name.lower() not in present]
    headers = [(name, _header_value(str(value))) for name, value in pairs]
    return HttpAnswer(int(response["statusCode"]), headers, body)


def _headers(environ: Mapping[str, Any]) -> list[tuple[str, str]]:
    headers = [(key[5:].replace("_", "-").lower(), environ[key]) for key in environ if key.startswith("HTTP_")]
    headers += [
        (name, environ[key])
        for key, name in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length"))
        if environ.get(key)
    ]
    return headers


def _content(body: IO[bytes]) -> tuple[bytes, bool]:
    """Return the body for the event, and whether it is too large for the event (then it is empty here)."""
    size = body.seek(0, 2)
    body.seek(0)
    if size > MAX_EVENT_BODY_BYTES:
        return b"", True
    return body.read(), False


def _request_context(environ: Mapping[str, Any], raw_path: str, match: Match) -> dict[str, Any]:
    return {
        "accountId": "123456789012",
        "apiId": "local",
        "httpMethod": environ["REQUEST_METHOD"],
        "identity": {"sourceIp": environ.get("REMOTE_ADDR", ""), "userAgent": environ.get("HTTP_USER_AGENT")},
        "path": f"/{STAGE}{raw_path}",
        "protocol": environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
        "requestId": str(uuid.uuid4()),
        "requestTimeEpoch": int(time.time() * 1000),
        "resourcePath": match.resource,
        "stage": STAGE,
    }


def _header_value(value: str) -> str:
    """Return a header value for WSGI: UTF-8 bytes as Latin-1 text, without control characters, which break HTTP."""
    return value.encode().decode("latin-1").translate(_CONTROL_CHARACTERS)
