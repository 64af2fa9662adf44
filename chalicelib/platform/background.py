"""Work outside of requests: scheduled, or started by a request that it outlives.

It runs in a Lambda function or, on the local stack, in a thread.
"""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform import logs, metrics
from chalicelib.platform.aws import client

CORRELATION_ID = "correlation_id"
Result = TypeVar("Result")


class NotStarted(Exception):
    """The function could not be invoked; the caller may repeat the request."""


class Failed(Exception):
    """The work raised an unexpected error, whose causes are in the log."""


def start(function: str, work: Callable[..., None], **event: Any) -> None:
    """Start `work(**event)` without waiting for it. Raises NotStarted.

    `function` is the name of the Lambda function that does the work; if it is empty, a thread does. Lambda may run a
    function twice for one event, so the work must be idempotent. The event also holds the id of the request.
    """
    request_id = logs.correlation_id()
    if not function:
        threading.Thread(target=_in_thread, args=(work, event, request_id), daemon=True).start()
        return
    payload = json.dumps({**event, CORRELATION_ID: request_id}).encode()
    try:
        client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=payload)
    except (BotoCoreError, ClientError) as problem:
        raise NotStarted from problem


def run(name: str, work: Callable[[], Result], context: Any, request_id: str | None = None) -> Result:
    """Do the work of a function, log a line with its name and its metrics, and return the result. Raises Failed.

    `context` is Lambda's context object, `request_id` the id of the request that started the function. Failed does not
    show its cause, because Lambda logs the messages of errors, which may contain secrets.
    """
    started, status = time.perf_counter(), "failed"
    with logs.correlated(request_id, context), metrics.measured() as measurements:
        try:
            result = work()
            status = "done"
            return result
        except Exception as problem:  # noqa: BLE001 - nothing above logs an error without the values in it
            logs.unexpected_error(problem)
            raise Failed from None
        finally:
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            fields = {"function": name, "status": status, "ms": milliseconds}
            logs.logger().info("function", extra=fields | measurements.of_function())


def _in_thread(work: Callable[..., None], event: dict[str, Any], request_id: str | None) -> None:
    with suppress(Failed):  # it is in the log, and a thread has no caller
        run(work.__name__, lambda: work(**event), None, request_id)
