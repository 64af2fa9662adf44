"""Patches for moto where it differs from AWS in a way that affects us, each with its reason.

They use private names of moto, so its version is pinned exactly. tests/local/test_engine_*.py cover each patch.
"""

import base64
from typing import Any

import moto.backends
import moto.dynamodb.responses
from moto.core.common_models import BaseModel
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from local import (
    moto_conflicts,
    moto_expressions,
    moto_functions,
    moto_partitions,
    moto_s3,
    moto_states,
    moto_transactions,
)
from local.patching import replace, wrap


def apply() -> None:
    """Patch moto in this process. Call this once, before moto serves requests."""
    _forget_instances()
    _serialise_dynamodb()
    _sort_partitions()
    _replace_transactions()
    moto_conflicts.apply()
    _speed_up_answers()
    moto_expressions.apply()
    moto_s3.apply()
    moto_functions.apply()
    moto_states.apply()


def _forget_instances() -> None:
    """Let go of objects that are no longer used: moto lists all that it ever made, such as each item that it returned.

    Only its dashboard reads that list.
    """

    def new(cls: type, *_: Any, **__: Any) -> Any:
        return object.__new__(cls)

    replace(BaseModel, "__new__", new)


def _serialise_dynamodb() -> None:
    """Run DynamoDB calls one at a time: moto checks a condition and then writes, without a lock between its threads.

    The lock is taken after the request body was read and is held until the answer is serialised, because answers
    contain live items.
    """

    def call_action(original: Any, handler: DynamoHandler) -> Any:
        with moto_partitions.call_lock:
            return original(handler)

    wrap(DynamoHandler, "call_action", call_action)


def _sort_partitions() -> None:
    """Keep partitions sorted: moto's Query sorts all items of the table. Its GetItem also adds empty partitions."""

    def init(original: Any, table: Table, *args: Any, **named: Any) -> None:
        original(table, *args, **named)
        moto_partitions.adopt(table)

    def query(original: Any, table: Table, *args: Any, **named: Any) -> Any:
        page = moto_partitions.query(table, *args, **named)
        return original(table, *args, **named) if page is None else page

    def get_item(original: Any, table: Table, hash_key: Any, *args: Any, **named: Any) -> Any:
        return original(table, hash_key, *args, **named) if hash_key in table.items else None

    wrap(Table, "__init__", init)
    wrap(Table, "query", query)
    wrap(Table, "get_item", get_item)


def _replace_transactions() -> None:
    """Make transactions cheap and idempotent.

    moto copies every table that a transaction touches, which takes seconds at 100,000 items. It also ignores
    ClientRequestToken, which SDKs send so that a retry after a lost answer is not applied twice.
    """

    def once(original: Any, handler: DynamoHandler) -> Any:
        return moto_conflicts.conflicts.tokens.once(handler.body, lambda: original(handler))

    wrap(DynamoHandler, "transact_write_items", once)
    replace(DynamoDBBackend, "transact_write_items", moto_transactions.transact_write_items)
    # For TransactGetItems, where moto still has the former limit.
    replace(moto.dynamodb.responses, "TRANSACTION_MAX_ITEMS", moto_transactions.LIMIT)


def _speed_up_answers() -> None:
    """Serialise attributes directly, which saves 10 ms per list page: moto tries thirty spellings of each type.

    It also lists its own folder in each request to determine the service.
    """
    modules = tuple(moto.backends.list_of_moto_modules())
    replace(moto.backends, "list_of_moto_modules", lambda: modules)

    def serialize(original: Any, serializer: BaseJSONSerializer, into: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and isinstance(value, dict):
            into[key] = _json_attribute(value)
        else:
            original(serializer, into, value, shape, key)

    wrap(BaseJSONSerializer, "_serialize_type_structure", serialize)


def _json_attribute(value: dict[str, Any]) -> dict[str, Any]:
    """Return an attribute value `{type: value}` as JSON, with binary values in Base64, recursively."""
    (kind, content), *_ = value.items()
    match kind:
        case "B":
            content = base64.b64encode(content).decode("ascii")
        case "BS":
            content = [base64.b64encode(member).decode("ascii") for member in content]
        case "M":
            content = {name: _json_attribute(member) for name, member in content.items()}
        case "L":
            content = [_json_attribute(member) for member in content]
    return {kind: content}
