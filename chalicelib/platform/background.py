"""Work that outlives its request, in a Lambda function or, on the local stack, in a thread."""

import json
import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform import logs
from chalicelib.platform.aws import client


class NotStarted(Exception):
    """The function could not be invoked; the caller may repeat the request."""


def start(function: str, work: Callable[..., None], **event: Any) -> None:
    """Start `work(**event)` without waiting for it. Raises NotStarted.

    `function` is the name of the Lambda function that does the work; if it is empty, a thread does. Lambda may run a
    function twice for one event, so the work must be idempotent.
    """
    if not function:
        threading.Thread(target=_run, args=(work, event), daemon=True).start()
        return
    try:
        client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode())
    except (BotoCoreError, ClientError) as problem:
        raise NotStarted from problem


def _run(work: Callable[..., None], event: dict[str, Any]) -> None:
    try:
        work(**event)
    except Exception as problem:  # noqa: BLE001 - without a log line the thread would die silently
        logs.unexpected_error(problem)
