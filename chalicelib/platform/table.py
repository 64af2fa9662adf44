"""The one DynamoDB table: strongly consistent reads, and changes that happen together or not at all (design.md 4).

Rows of every kind share the table; a kind is a PynamoDB model declared in its domain's store. Nothing here scans, and
no read uses an index, because clients act on what they wrote in the very next request.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct
from pynamodb.exceptions import PynamoDBException, QueryError, TransactWriteError
from pynamodb.models import Model

from chalicelib.platform.attributes import Condition, UnicodeAttribute
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from chalicelib.platform.retry_budget import bounded, none

PARTITION_KEY_BYTES = 2048
SORT_KEY_BYTES = 1024
BATCH_GET_LIMIT = 100
BATCH_WRITE_LIMIT = 25
SPARE_ROWS = 10


class StoreUnavailable(Exception):
    """The table did not take the request within the time that may be lost (patience.py); the caller may repeat it."""


class StoreRefused(Exception):
    """The table says that a request is wrong: a bug of ours, which no repeat makes better."""


class KeyTooLong(Exception):
    """A name is longer than the table's keys allow, so nothing can be stored under it."""


class Row(Model):
    """A row of the table; each kind of row is a subclass with attributes of its own."""

    class Meta:
        table_name = config.table

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)

    @classmethod
    def from_raw_data(cls: type["R"], data: dict[str, Any]) -> "R":
        """A row as the table sent it. PynamoDB's own way, attribute by attribute, is a fifth of a list page's CPU."""
        row = cls.__new__(cls)
        row.attribute_values = {
            name: attribute.deserialize(attribute.get_value(data[name])) if name in data else attribute.default
            for name, attribute in cls._attributes.items()
        }
        return row


R = TypeVar("R", bound=Row)


class Key(Struct, Generic[R], frozen=True):
    """Where a row stands, and of which kind it is."""

    kind: type[R]
    pk: str
    sk: str

    @property
    def fits(self) -> bool:
        """False where the table could not hold such a key: reads then find nothing, writes raise KeyTooLong."""
        return _fits(self.pk, self.sk)


def _fits(pk: str, sk: str) -> bool:
    return len(pk.encode()) <= PARTITION_KEY_BYTES and len(sk.encode()) <= SORT_KEY_BYTES


def partition(kind: str, *parts: str) -> str:
    """A partition key; a slash within a part is escaped, so that no two lists of parts share a partition."""
    return kind + "#" + "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


class Found:
    """The rows that a read found, asked by key."""

    def __init__(self, rows: dict[tuple[str, str], Row]) -> None:
        self._rows = rows

    def get(self, key: Key[R]) -> R | None:
        """The row at a key, or None."""
        return cast("R | None", self._rows.get((key.pk, key.sk)))


def read(key: Key[R]) -> R | None:
    """One row or None. One strongly consistent GetItem."""
    if not key.fits:
        return None
    item = _reading(lambda: connection().get_item(config.table, key.pk, key.sk, consistent_read=True)).get("Item")
    return None if item is None else key.kind.from_raw_data(item)


def read_many(keys: Sequence[Key[Any]]) -> Found:
    """Rows by key, of any kinds, in one strongly consistent BatchGetItem per hundred keys."""
    wanted = {(key.pk, key.sk): key.kind for key in keys if key.fits}
    rows: dict[tuple[str, str], Row] = {}

    def get(batch: list[Any]) -> list[Any]:
        answer = _reading(lambda: connection().batch_get_item(config.table, batch, consistent_read=True))
        for item in answer["Responses"].get(config.table, []):
            place = (item["pk"]["S"], item["sk"]["S"])
            rows[place] = wanted[place].from_raw_data(item)
        refused: list[Any] = answer.get("UnprocessedKeys", {}).get(config.table, {}).get("Keys", [])
        return refused

    _in_batches([{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in wanted], BATCH_GET_LIMIT, get)
    return Found(rows)


def rows(  # noqa: PLR0913 - one read with its options, all but two by name
    kind: type[R],
    pk: str,
    *,
    begins: str = "",
    between: tuple[str, str] | None = None,
    newest_first: bool = False,
    limit: int | None = None,
    page: int | None = None,
    where: Condition | None = None,
    after: str | None = None,
) -> Iterator[R]:
    """Rows of one partition in order of their sort key, read lazily and strongly consistent.

    `begins` or `between` (inclusive) narrow the sort key, `limit` ends after that many rows, `page` is the number of
    rows a call asks for, `where` filters on the server, `after` is the sort key to go on behind.
    """
    if not _fits(pk, max(begins, after or "", *(between or ()), key=len)):
        return
    connection()  # every kind of row shares the connection that the base class opens
    condition: Condition | None = None
    if between is not None:
        condition = Row.sk.between(*between)
    elif begins:
        condition = Row.sk.startswith(begins)
    start = None if after is None else {"pk": {"S": pk}, "sk": {"S": after}}
    found = kind.query(
        pk,
        range_key_condition=condition,
        filter_condition=where,
        consistent_read=True,
        scan_index_forward=not newest_first,
        limit=limit,
        page_size=page,
        last_evaluated_key=start,
    )
    while True:
        try:
            yield next(found)
        except StopIteration:
            return
        except QueryError as problem:
            raise failure_of(problem) from problem


def count(kind: type[R], pk: str, *, begins: str = "", where: Condition | None = None) -> int:
    """How many rows stand in a partition below a prefix; one call per megabyte of rows."""
    if not _fits(pk, begins):
        return 0
    connection()
    condition = Row.sk.startswith(begins) if begins else None
    return int(_reading(lambda: kind.count(pk, condition, where, consistent_read=True)))


def page_for(wanted: int | None, every: int, passing: int) -> int | None:
    """How many rows to ask for, so that one call likely finds those wanted although only some pass its filter."""
    if wanted is None or passing == every:
        return wanted
    return wanted * every // max(passing, 1) + SPARE_ROWS


def sort_key_of(pk: str, number: int, *, begins: str = "") -> str | None:
    """The sort key of the so-manieth row of a partition below a prefix, None if there are fewer.

    No row is sent, but all up to it are billed; one call per megabyte of them.
    """
    if not _fits(pk, begins) or number < 1:
        return None
    condition = Row.sk.startswith(begins) if begins else None
    start: Any = None
    while True:
        read_on = partial(
            connection().query, config.table, pk, condition, limit=number, exclusive_start_key=start, select="COUNT"
        )
        page = _reading(partial(read_on, consistent_read=True))
        number, start = number - page["Count"], page.get("LastEvaluatedKey")
        if start is None or number == 0:
            return None if start is None else str(start["sk"]["S"])


def put_many(rows_to_put: Sequence[Row]) -> None:
    """Write rows one by one in batches of 25: repeatable, but not together. The last of several of one key stays."""
    rows_by_place = {(row.pk, row.sk): row for row in rows_to_put}
    _write_each([{"PutRequest": {"Item": row.serialize()}} for row in rows_by_place.values()])


def put_if_possible(rows_to_put: Sequence[Row]) -> None:
    """Write rows that a reader can do without, in one try; a table that takes no writes must not end a read."""
    with none(), suppress(StoreUnavailable):
        put_many(rows_to_put)


def delete_many(keys: Sequence[Key[Any]]) -> None:
    """Remove rows one by one in batches of 25: repeatable, but not together."""
    places = dict.fromkeys((key.pk, key.sk) for key in keys if key.fits)
    _write_each([{"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}} for pk, sk in places])


WRONG = frozenset({"ValidationException", "ValidationError", "ItemCollectionSizeLimitExceeded"})


def failure_of(problem: PynamoDBException) -> Exception:
    """What a failed call means to whoever asked for it; it was tried again already where that makes sense (aws.py)."""
    reasons = problem.cancellation_reasons if isinstance(problem, TransactWriteError) else []
    answer = getattr(problem.cause, "response", None) or {}  # PynamoDB stumbles over time-outs, which have None there
    codes = {answer.get("Error", {}).get("Code"), *(reason.code for reason in reasons if reason is not None)}
    return StoreRefused() if codes & WRONG else StoreUnavailable()


def _in_batches(pending: list[Any], size: int, call: Callable[[list[Any]], list[Any]]) -> None:
    """Hand all on in batches; what a call did not get to, which it gives back, is handed on again after a pause."""
    tries = 0
    with bounded() as patience:
        while pending:
            batch, pending = pending[:size], pending[size:]
            left_over = call(batch)
            tries = tries + 1 if len(left_over) == len(batch) else 1
            if left_over and not patience.pause(tries):
                raise StoreUnavailable
            pending = left_over + pending


def _write_each(requests: list[Any]) -> None:
    def write(batch: list[Any]) -> list[Any]:
        puts = [request["PutRequest"]["Item"] for request in batch if "PutRequest" in request]
        deletes = [request["DeleteRequest"]["Key"] for request in batch if "DeleteRequest" in request]
        answer = _reading(lambda: connection().batch_write_item(config.table, puts, deletes))
        refused: list[Any] = answer.get("UnprocessedItems", {}).get(config.table, [])
        return refused

    _in_batches(requests, BATCH_WRITE_LIMIT, write)


def _reading(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except PynamoDBException as problem:
        raise failure_of(problem) from problem


_connecting = threading.Lock()


def connection() -> Any:
    """PynamoDB's connection, which every kind of row shares; it calls through the client that has our time limits."""
    if Row._connection is None or Row._connection.connection._client is None:
        with _connecting:
            Row._get_connection().connection._client = client("dynamodb")
    return Row._get_connection().connection
