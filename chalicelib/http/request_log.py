"""One structured log line per request, without secrets."""

import time

from chalicelib.http.answer import Answer
from chalicelib.http.routes import Route
from chalicelib.identity.caller import Caller
from chalicelib.platform.logs import logger


def write(route: Route, answer: Answer, started: float, caller: Caller | None) -> None:
    """Log a request by its route. Path, query and headers are left out, because they may contain tokens and codes."""
    logger().info(
        "request",
        extra={
            "route": route.name,
            "status": answer.status,
            "ms": round((time.perf_counter() - started) * 1000, 1),
            "account": None if caller is None else caller.account_id,
        },
    )
