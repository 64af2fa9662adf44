"""What operators see: one structured log line per request and per unforeseen error, with nothing secret in it."""

import time
from collections.abc import Iterator
from functools import cache
from traceback import extract_tb
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
    """Log an error that no rule foresaw: its kind and where it arose, with all that it came from.

    What an error says stays out: libraries quote the values that they stumble over, which may be keys, tokens and
    passwords. AWS's codes are told, and what the interpreter says of its own errors, which are of names and types.
    """
    logger().error("unexpected error", extra={"problem": [_told(each) for each in _with_causes(problem)]})


def _with_causes(problem: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it, the last one first."""
    seen: set[int] = set()
    while problem is not None and id(problem) not in seen:
        seen.add(id(problem))
        yield problem
        problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)


def _told(problem: BaseException) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": f"{type(problem).__module__}.{type(problem).__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(problem.__traceback__)],
    }
    if type(problem) in (AttributeError, ImportError, ModuleNotFoundError, NameError, TypeError):
        told["says"] = str(problem)
    answer = getattr(problem, "response", None)
    if isinstance(answer, dict):
        told["aws"] = {
            "operation": getattr(problem, "operation_name", None),
            "code": answer.get("Error", {}).get("Code"),
            "request": answer.get("ResponseMetadata", {}).get("RequestId"),
        }
    return told
