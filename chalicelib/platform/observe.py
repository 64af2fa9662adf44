"""What operators see: one structured log line per request and per unforeseen error, with nothing secret in it."""

import time
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.accounts.caller import Caller
    from chalicelib.http.answer import Answer
    from chalicelib.http.routes import Route


@cache
def logger() -> Any:
    """The service's logger; imported at first use, because it costs the cold start 39 ms."""
    from aws_lambda_powertools import Logger

    return Logger(service="habitat-builder")


def request(route: "Route", answer: "Answer", started: float, caller: "Caller | None") -> None:
    """Log a request by its route, never by its path, query or headers: these may hold tokens and codes."""
    logger().info(
        "request",
        extra={
            "route": route.name,
            "status": answer.status,
            "ms": round((time.perf_counter() - started) * 1000, 1),
            "account": None if caller is None else caller.account_id,
        },
    )


def unexpected(problem: BaseException) -> None:
    """Log an error that no rule foresaw, with its stack."""
    logger().error("unexpected error", exc_info=(type(problem), problem, problem.__traceback__))
