"""HTTP as API Gateway tells it to a function: a REST proxy event, and the function's answer back (platform.md 4.6).

The only thing that API Gateway would not do: a body over its limit is not refused but handed over as an open file in
`requestContext.bldrBodyFile`, with an empty `body`.
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
GATEWAY_LIMIT = 6 * 1024 * 1024
_UNPRINTABLE = {code: None for code in [*range(0x20), 0x7F] if code != 0x09}


@dataclass(frozen=True, slots=True)
class Invocation:
    """The context that Lambda gives a function, as far as anybody reads it."""

    aws_request_id: str
    function_name: str = "api_handler"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:api_handler"
    started: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until API Gateway would give up."""
        return max(0, int(29_000 - (time.monotonic() - self.started) * 1000))


def proxy_event(environ: Mapping[str, Any], raw_path: str, match: Match, body: IO[bytes]) -> dict[str, Any]:
    """The REST proxy event of a request; `raw_path` is the path below the stage, percent-encoded as it came."""
    headers = dict(_headers(environ))
    query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True, errors="replace")
    by_name: dict[str, list[str]] = {}
    for name, value in query:
        by_name.setdefault(name, []).append(value)
    content, large = _content(body)
    context = _request_context(environ, raw_path, match)
    if large:
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
        "body": base64.b64encode(content).decode("ascii") if content else ("" if large else None),
        "isBase64Encoded": bool(content),
    }


def http_answer(response: Mapping[str, Any]) -> HttpAnswer:
    """What a function's proxy response means as HTTP, with base64 undone and header values made fit to send."""
    body = response.get("body") or b""
    if isinstance(body, str):
        body = base64.b64decode(body) if response.get("isBase64Encoded") else body.encode()
    several = response.get("multiValueHeaders") or {}
    named = [(name, value) for name, values in several.items() for value in values]
    taken = {name.lower() for name, _ in named}
    named += [(name, value) for name, value in (response.get("headers") or {}).items() if name.lower() not in taken]
    headers = [(name, _sendable(str(value))) for name, value in named]
    return HttpAnswer(int(response["statusCode"]), headers, body)


def _headers(environ: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [(key[5:].replace("_", "-").lower(), environ[key]) for key in environ if key.startswith("HTTP_")]
    found += [
        (name, environ[key])
        for key, name in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length"))
        if environ.get(key)
    ]
    return found


def _content(body: IO[bytes]) -> tuple[bytes, bool]:
    """The body for the event, and whether it is too large to go there."""
    size = body.seek(0, 2)
    body.seek(0)
    if size > GATEWAY_LIMIT:
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


def _sendable(value: str) -> str:
    """A header value as WSGI wants it: UTF-8 seen as Latin-1, without control characters that would end it."""
    return value.encode().decode("latin-1").translate(_UNPRINTABLE)
