"""Structured log lines: one per request or function and one per unexpected error, without secrets.

Every line has the id of its request as `correlation_id`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from traceback import extract_tb
from typing import Any

import msgspec

from chalicelib.core.deferred import deferred
from chalicelib.core.service_failed import ServiceFailed

with deferred():  # the import takes 39 ms
    import aws_lambda_powertools

SERVICE = "habitat-builder"

_SAFE_MESSAGES = frozenset(
    {
        "builtins.AttributeError",
        "builtins.ImportError",
        "builtins.ModuleNotFoundError",
        "builtins.NameError",
        "builtins.TypeError",
        "chalicelib.core.keys.signed_box.BoxUnreadable",
        "chalicelib.platform.aws.SecretUnavailable",
        "chalicelib.platform.key_ring.BuilderKeyInvalid",
    }
)
"""Errors whose messages are logged, because they consist of names and types, not of values: those of the interpreter,
and those that name a key or a secret."""


@cache
def logger() -> Any:
    """Return the service's logger, which writes JSON to standard output."""
    return aws_lambda_powertools.Logger(service=SERVICE, json_serializer=_as_json)


def _as_json(line: dict[str, Any]) -> str:
    """Return a line as JSON. The default serialiser of powertools takes twice the time."""
    return msgspec.json.encode(line, enc_hook=str).decode()


@contextmanager
def correlated(request_id: str | None, context: Any) -> Iterator[None]:
    """Add the ids of a request to all lines that this thread logs inside the block.

    `request_id` is that of the request, also in a function that the request invoked; without it the id of the
    function's invocation takes its place. `context` is Lambda's context object, or None.
    """
    invocation_id = getattr(context, "aws_request_id", None)
    log, before = logger(), logger().thread_safe_get_current_keys()
    log.thread_safe_clear_keys()
    log.thread_safe_append_keys(correlation_id=request_id or invocation_id, function_request_id=invocation_id)
    try:
        yield
    finally:
        log.thread_safe_clear_keys()
        log.thread_safe_append_keys(**before)


def correlation_id() -> str | None:
    """Return the id of the current request, or None outside of requests and functions."""
    identifier: str | None = logger().thread_safe_get_current_keys().get("correlation_id")
    return identifier


def unexpected_error(problem: BaseException) -> None:
    """Log an unexpected error: type, location and chain of causes, with the error codes of AWS.

    Other messages are left out: libraries quote the values that caused the error, which may be keys, tokens or
    passwords.
    """
    logger().error("unexpected error", extra={"problem": [_described(each) for each in _with_causes(problem)]})


def unusable_key(problem: Exception) -> None:
    """Log that the builder key or a secret cannot be used, as one message that says which, and what to do."""
    advice = "restore its value in Secrets Manager: docs/OPERATIONS.md, A lost or wrong builder key"
    extra = {"problem": [_described(each) for each in _with_causes(problem)]}
    logger().error(f"a secret cannot be used: {problem}; {advice}", extra=extra)


def failed_change(problem: Exception, metrics: dict[str, Any], **change: str | int) -> None:
    """Log that a long change ended as failed, with its names and the causes of its last error as above."""
    extra = {"change": change, "problem": [_described(each) for each in _with_causes(problem)]}
    logger().error("long change failed", extra=extra | metrics)


def failed_service(problem: ServiceFailed) -> None:
    """Log as a warning that another service failed, with the reason and the chain of causes as above."""
    logger().warning("service failed", extra={"problem": [_described(each) for each in _with_causes(problem)]})


def failed_call(problem: Exception) -> None:
    """Log as a warning that a call of AWS failed, which a scheduled function repeats, with its causes as above."""
    logger().warning("call failed", extra={"problem": [_described(each) for each in _with_causes(problem)]})


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
    if isinstance(problem, ServiceFailed) and problem.reason:
        description["reason"] = problem.reason
    response = getattr(problem, "response", None)
    if isinstance(response, dict):
        description["aws"] = {
            "operation": getattr(problem, "operation_name", None),
            "code": response.get("Error", {}).get("Code"),
            "request": response.get("ResponseMetadata", {}).get("RequestId"),
        }
    return description
