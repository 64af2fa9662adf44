"""Structured log lines: one per request and one per unexpected error, without secrets."""

from collections.abc import Iterator
from functools import cache
from traceback import extract_tb
from typing import Any

from chalicelib.core.deferred import deferred

with deferred():  # the import takes 39 ms
    import aws_lambda_powertools

_SAFE_MESSAGES = frozenset(
    {
        "builtins.AttributeError",
        "builtins.ImportError",
        "builtins.ModuleNotFoundError",
        "builtins.NameError",
        "builtins.TypeError",
        "chalicelib.core.signed_box.BoxUnreadable",
        "chalicelib.platform.aws.SecretUnavailable",
    }
)
"""Errors whose messages are logged, because they consist of names and types, not of values: those of the interpreter,
and those that name a key or a secret."""


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
    kind = f"{type(problem).__module__}.{type(problem).__qualname__}"
    description: dict[str, Any] = {
        "type": kind,
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(problem.__traceback__)],
    }
    if kind in _SAFE_MESSAGES:
        description["message"] = str(problem)
    response = getattr(problem, "response", None)
    if isinstance(response, dict):
        description["aws"] = {
            "operation": getattr(problem, "operation_name", None),
            "code": response.get("Error", {}).get("Code"),
            "request": response.get("ResponseMetadata", {}).get("RequestId"),
        }
    return description
