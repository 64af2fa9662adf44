"""Work that outlives a request: a function of its own, or a thread where there is none (the local stack)."""

import json
import threading
from collections.abc import Callable
from typing import Any

from chalicelib.platform import logs
from chalicelib.platform.aws import client


class NotStarted(Exception):
    """The function could not be invoked; the caller may repeat the request."""


def start(function: str, work: Callable[..., None], **event: Any) -> None:
    """Begin `work(**event)` and do not wait for it; a function may run twice for one event. Raises NotStarted."""
    if not function:
        threading.Thread(target=_run, args=(work, event), daemon=True).start()
        return
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode())
    except (BotoCoreError, ClientError) as problem:
        raise NotStarted from problem


def _run(work: Callable[..., None], event: dict[str, Any]) -> None:
    try:
        work(**event)
    except Exception as problem:  # noqa: BLE001 - the rim: a thread that dies must not do so silently
        logs.unexpected(problem)
