"""What operators see: one structured log line per request and per unforeseen error, with nothing secret in it."""

from collections.abc import Iterator
from functools import cache
from traceback import extract_tb
from typing import Any

from chalicelib.platform.deferred import deferred

with deferred():  # it would cost the cold start 39 ms
    import aws_lambda_powertools


@cache
def logger() -> Any:
    """The service's logger; it writes JSON to standard output."""
    return aws_lambda_powertools.Logger(service="habitat-builder")


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
