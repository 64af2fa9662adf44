"""Structured log lines: one per request and one per unexpected error, without secrets."""

from collections.abc import Iterator
from functools import cache
from traceback import extract_tb
from typing import Any

from chalicelib.core.deferred import deferred

with deferred():  # the import takes 39 ms
    import aws_lambda_powertools

_SAFE_MESSAGES = (AttributeError, ImportError, ModuleNotFoundError, NameError, TypeError)
"""Errors whose messages are logged: the interpreter raises them with names and types, not with values."""


@cache
def logger() -> Any:
    """Return the service's logger, which writes JSON to standard output."""
    return aws_lambda_powertools.Logger(service="habitat-builder")


def unexpected_error(problem: BaseException) -> None:
    """Log an unexpected error: type, location and chain of causes, with the error codes of AWS.

    Other messages are left out: libraries quote the values that caused the error, which may be keys, tokens or
    passwords.
    """
    logger().error("unexpected error", extra={"problem": [_described(each) for each in _with_causes(problem)]})


def _with_causes(problem: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and its chain of causes, the outermost error first."""
    visited: set[int] = set()
    while problem is not None and id(problem) not in visited:
        visited.add(id(problem))
        yield problem
        problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)


def _described(problem: BaseException) -> dict[str, Any]:
    description: dict[str, Any] = {
        "type": f"{type(problem).__module__}.{type(problem).__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(problem.__traceback__)],
    }
    if type(problem) in _SAFE_MESSAGES:
        description["message"] = str(problem)
    response = getattr(problem, "response", None)
    if isinstance(response, dict):
        description["aws"] = {
            "operation": getattr(problem, "operation_name", None),
            "code": response.get("Error", {}).get("Code"),
            "request": response.get("ResponseMetadata", {}).get("RequestId"),
        }
    return description
