"""Where moto behaves otherwise than AWS in a way that we would notice: all patches, and why each is there.

They use private names of moto, which is therefore pinned exactly; tests/local/test_engine_*.py hold every one of them.
Step Functions and Lambda in process (for builds) would be applied here too.
"""

import base64
import threading
from typing import Any

import moto.backends
import moto.dynamodb.responses
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from local import moto_partitions, moto_s3, moto_transactions
from local.patching import around, in_place_of


def apply() -> None:
    """Patch moto in this process; once, before it serves."""
    _serialise_dynamodb()
    _index_partitions()
    _make_transactions_cheap_and_idempotent()
    _answer_rows_without_detours()
    moto_s3.apply()


def _serialise_dynamodb() -> None:
    """moto checks a condition and then writes, with nothing to keep another server thread out in between.

    Conditional writes are what our correctness rests on, so DynamoDB calls run one after the other. The lock is taken
    when the request's body has been read, and held until the answer is text, since answers are made of live rows.
    """
    one_at_a_time = threading.RLock()

    def call_action(unlocked: Any, handler: DynamoHandler) -> Any:
        with one_at_a_time:
            return unlocked(handler)

    around(DynamoHandler, "call_action", call_action)


def _index_partitions() -> None:
    """moto's Query sorts all rows of the table, and even a miss of GetItem leaves an empty partition behind."""

    def make(made: Any, table: Table, *args: Any, **named: Any) -> None:
        made(table, *args, **named)
        moto_partitions.adopt(table)

    def query(queried: Any, table: Table, *args: Any, **named: Any) -> Any:
        page = moto_partitions.query(table, *args, **named)
        return queried(table, *args, **named) if page is None else page

    def get_item(got: Any, table: Table, hash_key: Any, *args: Any, **named: Any) -> Any:
        return got(table, hash_key, *args, **named) if hash_key in table.items else None

    around(Table, "__init__", make)
    around(Table, "query", query)
    around(Table, "get_item", get_item)


def _make_transactions_cheap_and_idempotent() -> None:
    """moto copies every table that a transaction touches (seconds at 100,000 rows) and ignores ClientRequestToken.

    SDKs send a token with each transaction and repeat it when an answer got lost, so that nothing is applied twice.
    """
    tokens = moto_transactions.Tokens()

    def answer(answered: Any, handler: DynamoHandler) -> Any:
        return tokens.once(handler.body, lambda: answered(handler))

    around(DynamoHandler, "transact_write_items", answer)
    in_place_of(DynamoDBBackend, "transact_write_items", moto_transactions.transact_write_items)
    # TransactGetItems, which moto holds at the limit of years ago.
    in_place_of(moto.dynamodb.responses, "TRANSACTION_MAX_ITEMS", moto_transactions.LIMIT)


def _answer_rows_without_detours() -> None:
    """moto tries thirty spellings of every possible type of every attribute of a row: 10 ms for a list page.

    It also lists its own folder for each request to find out which service is meant.
    """
    modules = tuple(moto.backends.list_of_moto_modules())
    in_place_of(moto.backends, "list_of_moto_modules", lambda: modules)

    def serialize(serialized: Any, serializer: BaseJSONSerializer, into: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and isinstance(value, dict):
            into[key] = _attribute_on_the_wire(value)
        else:
            serialized(serializer, into, value, shape, key)

    around(BaseJSONSerializer, "_serialize_type_structure", serialize)


def _attribute_on_the_wire(value: dict[str, Any]) -> dict[str, Any]:
    """`{type: value}` as JSON has it: binary in base64, and so on down."""
    (kind, content), *_ = value.items()
    match kind:
        case "B":
            content = base64.b64encode(content).decode("ascii")
        case "BS":
            content = [base64.b64encode(member).decode("ascii") for member in content]
        case "M":
            content = {name: _attribute_on_the_wire(member) for name, member in content.items()}
        case "L":
            content = [_attribute_on_the_wire(member) for member in content]
    return {kind: content}
