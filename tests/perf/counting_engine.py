"""The embedded engine, which also counts the calls that it receives: `GET /calls` returns their number by operation."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from local import engine
from local.moto_engine import engine_app

PATH = "/calls"
ADMIN = "/moto-api/"

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def counting_app() -> Wsgi:
    """Return the application of the engine with a counter before it."""
    return with_counter(engine_app())


def with_counter(application: Wsgi) -> Wsgi:
    """Wrap an application so that it counts its requests."""
    calls: Counter[str] = Counter()
    lock = Lock()

    def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH:
            with lock:
                answer = json.dumps(calls).encode()
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
            return [answer]
        if not environ["PATH_INFO"].startswith(ADMIN):  # the functions of the stack register themselves again and again
            with lock:
                calls[operation_of(environ)] += 1
        return application(environ, start_response)

    return wrapped


def operation_of(environ: dict[str, Any]) -> str:
    """Return the operation of a JSON service, such as Query, or the method of a request to S3."""
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return target or f"S3 {environ['REQUEST_METHOD']}"


if __name__ == "__main__":
    vars(engine)["engine_app"] = counting_app
    engine.main()
