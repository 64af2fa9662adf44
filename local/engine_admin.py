"""Requests to the engine itself, which AWS does not have. Only clients on this machine reach them.

`POST /moto-api/functions` registers functions that the engine invokes: `{"url": …, "names": […]}`. A GET returns the
names. `POST /moto-api/forget-executions` drops all executions of state machines, as a restart of the engine would.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from local import moto_executions
from local.moto_functions import functions, over_http

FUNCTIONS = "/moto-api/functions"
FORGET = "/moto-api/forget-executions"

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def with_admin_requests(application: Wsgi) -> Wsgi:
    """Wrap the engine's application so that it also answers these requests."""

    def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        handler = _HANDLERS.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if handler is None:
            return application(environ, start_response)
        try:
            status, answer = "200 OK", handler(environ)
        except (KeyError, TypeError, ValueError):
            status, answer = "400 Bad Request", {}
        body = json.dumps(answer).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return wrapped


def _register(environ: dict[str, Any]) -> dict[str, Any]:
    registration = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    functions.register(frozenset(registration["names"]), over_http(str(registration["url"])))
    return {}


def _list(_environ: dict[str, Any]) -> dict[str, Any]:
    return {"names": sorted(functions.names)}


def _forget(_environ: dict[str, Any]) -> dict[str, Any]:
    return {"running": moto_executions.forget_executions()}


_HANDLERS = {("POST", FUNCTIONS): _register, ("GET", FUNCTIONS): _list, ("POST", FORGET): _forget}
