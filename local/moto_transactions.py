"""TransactWriteItems for moto: checks all conditions, then writes, and copies only the items that it changes."""

import copy
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
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
class _Operation:
    """One operation of a transaction, on one item."""

    kind: str
    request: dict[str, Any]
    table: Any
    key: dict[str, Any]
    hash_key: DynamoType
    range_key: DynamoType | None

    @property
    def item(self) -> Item | None:
        """The current item, or None."""
        item: Item | None = self.table.get_item(self.hash_key, self.range_key)
        return item

    def restore(self, item: Item | None) -> None:
        """Undo the operation; `item` is the former item or None."""
        if item is None:
            self.table.delete_item(self.hash_key, self.range_key)
        elif self.range_key is None:
            self.table.items[self.hash_key] = item
        else:
            self.table.items[self.hash_key][self.range_key] = item


def transact_write_items(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Write all items or none. Raises moto's errors: a validation error, or a cancellation with all its reasons."""
    if len(transact_items) > LIMIT:
        raise TooManyTransactionsException
    operations = [_operation(self, item) for item in transact_items]
    if len({(operation.table.name, operation.hash_key, operation.range_key) for operation in operations}) < len(
        operations
    ):
        raise MultipleTransactionsException
    _raise_failed([_check(operation) for operation in operations])
    _write_all(self, operations)


def _operation(backend: DynamoDBBackend, item: dict[str, Any]) -> _Operation:
    if len(item) > 1:
        raise TransactWriteSingleOpException
    kind, request = next(iter(item.items()))
    table = backend.get_table(request["TableName"])
    attributes = request["Item"] if kind == "Put" else request["Key"]
    names = table.table_key_attrs
    if any(name not in attributes for name in names) or (kind != "Put" and len(attributes) != len(names)):
        raise MockValidationException("The provided key element does not match the schema")
    key = {name: attributes[name] for name in names}
    return _Operation(kind, request, table, key, *backend.get_keys_value(table, key))


def _check(operation: _Operation) -> Reason:
    request = operation.request
    condition = request.get("ConditionExpression")
    if condition is None:
        return PASSED
    item = operation.item
    names, values = request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues")
    if get_filter_expression(condition, names, values).expr(item):
        return PASSED
    returns_old = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    old = item.to_json()["Attributes"] if item is not None and returns_old else None
    return "ConditionalCheckFailed", str(ConditionalCheckFailed().message), old


def _raise_failed(reasons: list[Reason]) -> None:
    if any(code is not None for code, _, _ in reasons):
        raise TransactionCanceledException(reasons)


def _write_all(backend: DynamoDBBackend, operations: list[_Operation]) -> None:
    """Write all items. An update can still fail because of a value's type; then all writes are undone."""
    before: list[tuple[_Operation, Item | None]] = []
    try:
        for operation in operations:
            # Only an update changes the item in place; put and delete do not touch the old one.
            old = copy.deepcopy(operation.item) if operation.kind == "Update" else operation.item
            before.append((operation, old))
            _write(backend, operation)
    except BaseException:
        for operation, old in before:
            operation.restore(old)
        raise


def _write(backend: DynamoDBBackend, operation: _Operation) -> None:
    request = operation.request
    if operation.kind == "Put":
        backend.put_item(operation.table.name, request["Item"])
    elif operation.kind == "Delete":
        backend.delete_item(operation.table.name, operation.key)
    elif operation.kind == "Update":
        backend.update_item(
            operation.table.name,
            operation.key,
            update_expression=request["UpdateExpression"],
            expression_attribute_names=request.get("ExpressionAttributeNames") or {},
            expression_attribute_values=request.get("ExpressionAttributeValues") or {},
        )


class TokenReusedError(JsonRESTError):
    """A client request token was used before, with other parameters."""

    def __init__(self) -> None:
        super().__init__(
            "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
            "Request token was already used with other parameters",
        )


class Tokens:
    """Client request tokens of the transactions that succeeded within the last ten minutes."""

    def __init__(self) -> None:
        self._applied: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def once(self, request: dict[str, Any], apply: Callable[[], ActionResult]) -> ActionResult:
        """Apply a transaction unless its token was used before; a reused token with other parameters is an error."""
        token = request.get("ClientRequestToken")
        if not token:
            return apply()
        now, fingerprint = time.monotonic(), fingerprint_of(request)
        while self._applied and next(iter(self._applied.values()))[0] < now - TOKEN_SECONDS:
            self._applied.popitem(last=False)
        if token in self._applied:
            if self._applied[token][1] != fingerprint:
                raise TokenReusedError
            return EmptyResult()
        result = apply()
        self._applied[token] = (now, fingerprint)
        return result

    def are_applied(self, token: str) -> bool:
        """Return whether a transaction with a token has succeeded, so that a repeat writes nothing."""
        return token in self._applied


def fingerprint_of(request: Mapping[str, Any]) -> int:
    """Return a number by which requests with one token are compared."""
    return hash(json.dumps(request, sort_keys=True, default=repr))
