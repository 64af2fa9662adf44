"""Where moto behaves otherwise than AWS in a way that we would notice: all patches, and why each is there.

They use private names of moto, which is therefore pinned exactly; tests/infra/test_engine_*.py hold every one of them.
Step Functions and Lambda in process (for builds) would be applied here too.
"""

import base64
import threading
from functools import wraps
from typing import Any

import moto.backends
import moto.dynamodb.responses
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from infra.local import moto_partitions, moto_s3, moto_transactions
from infra.local.moto_transactions import LIMIT

_one_at_a_time = threading.RLock()


def apply() -> None:
    """Patch moto in this process; once, before it serves."""
    _serialise_dynamodb()
    _index_partitions()
    _make_transactions_cheap_and_idempotent()
    _answer_rows_without_detours()
    moto_s3.apply()


def _serialise_dynamodb() -> None:
    """moto checks a condition and then writes, with nothing to keep another server thread out in between.

    Conditional writes are what our correctness rests on, so DynamoDB calls run one after the other. The lock is taken when
    the request's body has been read, and held until the answer is text, since answers are made of live rows.
    """
    unlocked = DynamoHandler.call_action

    @wraps(unlocked)
    def call_action(self: DynamoHandler) -> Any:
        with _one_at_a_time:
            return unlocked(self)

    DynamoHandler.call_action = call_action


def _index_partitions() -> None:
    """moto's Query sorts all rows of the table, and even a miss of GetItem leaves an empty partition behind."""
    made, queried, got = Table.__init__, Table.query, Table.get_item

    @wraps(made)
    def make(self: Table, *args: Any, **named: Any) -> None:
        made(self, *args, **named)
        moto_partitions.adopt(self)

    @wraps(queried)
    def query(self: Table, *args: Any, **named: Any) -> Any:
        fast = moto_partitions.query(self, *args, **named)
        return queried(self, *args, **named) if fast is None else fast

    @wraps(got)
    def get_item(self: Table, hash_key: Any, range_key: Any = None, projection_expression: Any = None) -> Any:
        if hash_key not in self.items:
            return None
        return got(self, hash_key, range_key, projection_expression)

    Table.__init__, Table.query, Table.get_item = make, query, get_item


def _make_transactions_cheap_and_idempotent() -> None:
    """moto copies every table that a transaction touches (seconds at 100,000 rows) and ignores ClientRequestToken.

    SDKs send a token with each transaction and repeat it when an answer got lost, so that nothing is applied twice.
    """
    remembered = moto_transactions.Tokens()
    answered = DynamoHandler.transact_write_items

    @wraps(answered)
    def transact_write_items(self: DynamoHandler) -> Any:
        return remembered.once(self.body, lambda: answered(self))

    DynamoHandler.transact_write_items = transact_write_items
    DynamoDBBackend.transact_write_items = moto_transactions.transact_write_items
    moto.dynamodb.responses.TRANSACTION_MAX_ITEMS = LIMIT  # of TransactGetItems, which moto holds at the old 25


def _answer_rows_without_detours() -> None:
    """moto tries thirty spellings of every possible type of every attribute of a row: 0.2 ms a row, 10 ms for a list page.

    It also lists its own folder for each request to find out which service is meant.
    """
    modules = tuple(moto.backends.list_of_moto_modules())
    moto.backends.list_of_moto_modules = lambda: modules
    serialized = BaseJSONSerializer._serialize_type_structure

    @wraps(serialized)
    def serialize(self: BaseJSONSerializer, into: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and isinstance(value, dict):
            into[key] = _attribute_on_the_wire(value)
        else:
            serialized(self, into, value, shape, key)

    BaseJSONSerializer._serialize_type_structure = serialize


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
