"""The process that runs our Lambda functions: it serves Lambda's call Invoke over HTTP, and runs what has a schedule.

`python -m gunicorn -c python:local.functions_conf local.functions:build()`. It registers itself with the engine, which
sends it the invocations of state machines and of the API.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from app import app
from chalicelib.core.deferred import load_deferred
from chalicelib.platform import logs
from local.schedules import Schedules
from local.settings import STATE
from local.state import upkeep

LONGEST_SECONDS = 900.0
REGISTER_SECONDS = 5.0
REGISTRATION = "/moto-api/functions"
MAX_EVENT_BYTES = 6 * 1024 * 1024
_JSON = ("Content-Type", "application/json")

Function = Callable[[Any, Any], Any]
Answer = tuple[str, list[tuple[str, str]], bytes]
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Context:
    """What Lambda tells a function about its invocation."""

    memory_limit_in_mb = "1024"
    function_version = "$LATEST"

    def __init__(self, name: str) -> None:
        self.function_name = name
        self.aws_request_id = str(uuid4())
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        self._deadline = time.monotonic() + LONGEST_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda would end the function."""
        return max(0, int(1000 * (self._deadline - time.monotonic())))


def build() -> Wsgi:
    """Return the WSGI application of the functions of app.py, and start their schedules."""
    load_deferred()
    logs.logger()
    functions = declared_functions(app)
    for url in engines(os.environ):
        threading.Thread(target=_stay_registered, args=(url, sorted(functions)), daemon=True).start()
    if os.environ.get("BLDR_SCHEDULES") != "off":
        Schedules(declared_schedules(app), lambda name, event: call(functions, name, event)).start()
        if os.environ.get(STATE):
            Schedules(upkeep.SCHEDULES, upkeep.run).start()
    return FunctionServer(functions)


def declared_functions(application: Any) -> dict[str, Function]:
    """Return the functions of a Chalice application by name: all handlers that are not views of routes."""
    names = [function.name for function in (*application.pure_lambda_functions, *application.event_sources)]
    return {name: application.handler_map[name] for name in names}


def declared_schedules(application: Any) -> dict[str, str]:
    """Return the schedules of a Chalice application: expressions by the name of the function."""
    sources = application.event_sources
    expressions = {source.name: getattr(source, "schedule_expression", None) for source in sources}
    return {name: str(expression) for name, expression in expressions.items() if expression is not None}


def call(functions: Mapping[str, Function], name: str, event: Any) -> tuple[bytes, bool]:
    """Run a function. Returns what Lambda returns, as JSON, and whether that is an error."""
    try:
        return json.dumps(functions[name](event, Context(name))).encode(), False
    except Exception as problem:  # noqa: BLE001 - Lambda too returns every error
        error = {"errorMessage": str(problem), "errorType": type(problem).__name__, "stackTrace": []}
        return json.dumps(error).encode(), True


class FunctionServer:
    """Lambda's API as far as we use it: `POST /2015-03-31/functions/NAME/invocations`, and `GET /health`."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        status, headers, body = self._answer(environ)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, environ: Mapping[str, Any]) -> Answer:
        path = environ["PATH_INFO"]
        if path == "/health":
            return "200 OK", [], b""
        before, _, after = path.removeprefix("/2015-03-31/functions/").rpartition("/")
        name = unquote(before).rpartition(":function:")[2]
        if environ["REQUEST_METHOD"] != "POST" or after != "invocations" or name not in self._functions:
            return "404 Not Found", [_JSON, ("X-Amzn-ErrorType", "ResourceNotFoundException")], b"{}"
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > MAX_EVENT_BYTES:
            return "413 Payload Too Large", [_JSON, ("X-Amzn-ErrorType", "RequestTooLargeException")], b"{}"
        try:
            event = json.loads(environ["wsgi.input"].read(length) or b"{}")
        except ValueError:
            return "400 Bad Request", [_JSON, ("X-Amzn-ErrorType", "InvalidRequestContentException")], b"{}"
        payload, is_error = call(self._functions, name, event)
        return "200 OK", [_JSON, *([("X-Amz-Function-Error", "Unhandled")] if is_error else [])], payload


def engines(environment: Mapping[str, str]) -> list[str]:
    """Return the URLs of the engines that invoke functions: those of Lambda and of Step Functions."""
    named = [environment.get(f"AWS_ENDPOINT_URL{suffix}") for suffix in ("_LAMBDA", "_SFN")]
    return sorted({url for url in (each or environment.get("AWS_ENDPOINT_URL") for each in named) if url})


def _stay_registered(engine: str, names: list[str]) -> None:
    """Register with an engine, and again every few seconds, because the engine may have been restarted."""
    body = json.dumps({"url": os.environ["BLDR_FUNCTIONS_URL"], "names": names}).encode()
    while _register(engine, body):
        time.sleep(REGISTER_SECONDS)


def _register(engine: str, body: bytes) -> bool:
    """Returns False if the engine is not ours, and so invokes functions in its own way."""
    parts = urlsplit(engine)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=REGISTER_SECONDS)
    try:
        connection.request("POST", REGISTRATION, body, dict([_JSON]))
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return True
    finally:
        connection.close()
