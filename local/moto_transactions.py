"""TransactWriteItems for moto: checks first, then writes, and copies only the rows that it changes."""

import copy
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    MockValidationException,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
    TransactWriteSingleOpException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item

LIMIT = 100
TOKEN_SECONDS = 600
PASSED = (None, None, None)
Reason = tuple[str | None, str | None, dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class _Step:
    """One operation of a transaction on one row."""

    kind: str
    request: dict[str, Any]
    table: Any
    key: dict[str, Any]
    hash_key: DynamoType
    range_key: DynamoType | None

    @property
    def row(self) -> Item | None:
        row: Item | None = self.table.get_item(self.hash_key, self.range_key)
        return row

    def put_back(self, row: Item | None) -> None:
        """Undo: the row as it was, or none."""
        if row is None:
            self.table.delete_item(self.hash_key, self.range_key)
        elif self.range_key is None:
            self.table.items[self.hash_key] = row
        else:
            self.table.items[self.hash_key][self.range_key] = row


def transact_write_items(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Write all or nothing. Raises what moto raises: a validation error, or a cancellation with all reasons."""
    if len(transact_items) > LIMIT:
        raise TooManyTransactionsException
    steps = [_step(self, item) for item in transact_items]
    if len({(step.table.name, step.hash_key, step.range_key) for step in steps}) < len(steps):
        raise MultipleTransactionsException
    _raise_failed([_check(step) for step in steps])
    _write_all(self, steps)


def _step(backend: DynamoDBBackend, item: dict[str, Any]) -> _Step:
    if len(item) > 1:
        raise TransactWriteSingleOpException
    kind, request = next(iter(item.items()))
    table = backend.get_table(request["TableName"])
    holder = request["Item"] if kind == "Put" else request["Key"]
    names = table.table_key_attrs
    if any(name not in holder for name in names) or (kind != "Put" and len(holder) != len(names)):
        raise MockValidationException("The provided key element does not match the schema")
    key = {name: holder[name] for name in names}
    return _Step(kind, request, table, key, *backend.get_keys_value(table, key))


def _check(step: _Step) -> Reason:
    condition = step.request.get("ConditionExpression")
    if condition is None:
        return PASSED
    row = step.row
    names, values = step.request.get("ExpressionAttributeNames"), step.request.get("ExpressionAttributeValues")
    if get_filter_expression(condition, names, values).expr(row):
        return PASSED
    wants_old = step.request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    old = row.to_json()["Attributes"] if row is not None and wants_old else None
    return "ConditionalCheckFailed", str(ConditionalCheckFailed().message), old


def _raise_failed(reasons: list[Reason]) -> None:
    if any(code is not None for code, _, _ in reasons):
        raise TransactionCanceledException(reasons)


def _write_all(backend: DynamoDBBackend, steps: list[_Step]) -> None:
    """Conditions hold; what can still fail is a value that does not fit, and then everything goes back."""
    before: list[tuple[_Step, Item | None]] = []
    try:
        for step in steps:
            # Only an update changes the row itself; put and delete leave the old one whole.
            before.append((step, copy.deepcopy(step.row) if step.kind == "Update" else step.row))
            _write(backend, step)
    except BaseException:
        for step, row in before:
            step.put_back(row)
        raise


def _write(backend: DynamoDBBackend, step: _Step) -> None:
    if step.kind == "Put":
        backend.put_item(step.table.name, step.request["Item"])
    elif step.kind == "Delete":
        backend.delete_item(step.table.name, step.key)
    elif step.kind == "Update":
        backend.update_item(
            step.table.name,
            step.key,
            update_expression=step.request["UpdateExpression"],
            expression_attribute_names=step.request.get("ExpressionAttributeNames") or {},
            expression_attribute_values=step.request.get("ExpressionAttributeValues") or {},
        )


class _TokenReusedError(JsonRESTError):
    def __init__(self) -> None:
        super().__init__(
            "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
            "Request token was already used with other parameters",
        )


class Tokens:
    """Transactions that succeeded within the last ten minutes, by their client's token."""

    def __init__(self) -> None:
        self._done: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def once(self, request: dict[str, Any], apply: Callable[[], ActionResult]) -> ActionResult:
        """Apply a transaction unless its token says that it has been; other content under the token is refused."""
        token = request.get("ClientRequestToken")
        if not token:
            return apply()
        now, content = time.monotonic(), hash(json.dumps(request, sort_keys=True, default=repr))
        while self._done and next(iter(self._done.values()))[0] < now - TOKEN_SECONDS:
            self._done.popitem(last=False)
        if token in self._done:
            if self._done[token][1] != content:
                raise _TokenReusedError
            return EmptyResult()
        answer = apply()
        self._done[token] = (now, content)
        return answer
