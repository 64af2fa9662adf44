"""Short cut of the frequent calls to the table within the test process, past moto's imitation of a web server.

moto makes a request of Werkzeug, validates it against the service model and searches the method for each call, which
takes a quarter of its time. The local stack takes the long way, which `tests/local` covers.
"""

import json
from base64 import b64decode, b64encode
from typing import Any
from zlib import crc32

from botocore import xform_name
from moto.core.botocore_stubber import BotocoreStubber
from moto.dynamodb.responses import DynamoHandler

from local import moto_partitions
from local.moto_conflicts import conflicts
from local.patching import wrap

SHORT = frozenset({"BatchGetItem", "BatchWriteItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem"})
"""The operations that take the short cut. A call that fails has written nothing, so it can be repeated the long way."""


def apply() -> None:
    """Patch moto in this process. Call this after the patches of the engine."""

    def process(original: Any, stubber: BotocoreStubber, request: Any) -> Any:
        operation = _operation(request)
        if operation not in SHORT:
            return original(stubber, request)
        handler = _handler(request.body)
        with conflicts.registered(operation, handler.body, handler.dynamodb_backend):
            try:
                return _answer(operation, handler)
            except Exception:  # noqa: BLE001 - of any kind: the long way describes it as AWS does
                return original(stubber, request)

    wrap(BotocoreStubber, "process_request", process)


def _operation(request: Any) -> str:
    """Return the operation of a request to DynamoDB, or an empty string."""
    target = request.headers.get("X-Amz-Target", b"")
    text = target.decode() if isinstance(target, bytes) else target
    service, _, operation = text.partition(".")
    return operation if service.startswith("DynamoDB_") else ""


def _handler(body: bytes) -> DynamoHandler:
    handler = DynamoHandler()
    handler.current_account, handler.region = "123456789012", "us-east-1"
    handler.body = json.loads(body, object_hook=_with_bytes)
    return handler


def _answer(operation: str, handler: DynamoHandler) -> tuple[int, dict[str, str], str]:
    with moto_partitions.call_lock:
        result = getattr(handler, xform_name(operation))().result
        content = json.dumps(result or {}, default=_in_base64)
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amz-crc32": str(crc32(content.encode()))}
    return 200, {**headers, "x-amzn-RequestId": "of-the-test-process"}, content


def _with_bytes(members: dict[str, Any]) -> dict[str, Any]:
    """Decode binary values: texts named `B`, and lists named `BS`. Attributes with these names are objects."""
    if isinstance(members.get("B"), str):
        members["B"] = b64decode(members["B"])
    elif isinstance(members.get("BS"), list):
        members["BS"] = [b64decode(member) for member in members["BS"]]
    return members


def _in_base64(value: Any) -> str:
    if not isinstance(value, bytes):
        raise TypeError(type(value))
    return b64encode(value).decode()
