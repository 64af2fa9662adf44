"""Reads and batch writes of the one DynamoDB table; transactions are in change.py.

All kinds of rows share the table; a kind is a PynamoDB model declared in a `rows.py` of its domain. All reads are
strongly consistent, without indexes and scans, because clients rely on their writes in the very next request.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, cast

from pynamodb.exceptions import PynamoDBException, TransactWriteError

from chalicelib.platform.attributes import Condition
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from chalicelib.platform.retry_budget import shared_budget
from chalicelib.platform.row import Key, R, Row, fits

BATCH_GET_LIMIT = 100
BATCH_WRITE_LIMIT = 25
SPARE_ROWS = 10


class StoreUnavailable(Exception):
    """The table did not answer within the retry budget; the client may repeat the request."""


class StoreRefused(Exception):
    """The table rejected a request as invalid: a bug of this service, so a retry does not help."""


class Found:
    """The rows that `read_many` returned, by key."""

    def __init__(self, rows: dict[tuple[str, str], Row]) -> None:
        self._rows = rows

    def get(self, key: Key[R]) -> R | None:
        """Return the row of a key, or None."""
        return cast("R | None", self._rows.get((key.pk, key.sk)))


def read(key: Key[R]) -> R | None:
    """Return a row, or None if it does not exist. One strongly consistent GetItem."""
    if not key.fits:
        return None
    item = _called(lambda: connection().get_item(config.table, key.pk, key.sk, consistent_read=True)).get("Item")
    return None if item is None else key.kind.from_raw_data(item)


def read_many(keys: Sequence[Key[Any]], only: Sequence[str] | None = None) -> Found:
    """Return the rows of several keys, of any kinds. One strongly consistent BatchGetItem per hundred keys.

    only: leave out all other attributes, but for the keys.
    """
    wanted = None if only is None else ["pk", "sk", *only]
    kinds = {(key.pk, key.sk): key.kind for key in keys if key.fits}
    rows: dict[tuple[str, str], Row] = {}

    def get(batch: list[Any]) -> list[Any]:
        response = _called(
            lambda: connection().batch_get_item(config.table, batch, consistent_read=True, attributes_to_get=wanted)
        )
        for item in response["Responses"].get(config.table, []):
            key = (item["pk"]["S"], item["sk"]["S"])
            rows[key] = kinds[key].from_raw_data(item)
        unprocessed: list[Any] = response.get("UnprocessedKeys", {}).get(config.table, {}).get("Keys", [])
        return unprocessed

    _in_batches([{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in kinds], BATCH_GET_LIMIT, get)
    return Found(rows)


def rows(  # noqa: PLR0913 - one read with its options
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
    only: Sequence[str] | None = None,
    keys_only: bool = False,
) -> Iterator[R]:
    """Yield the rows of one partition in the order of their sort keys, read lazily and strongly consistent.

    begins: only sort keys with this prefix.
    between: only sort keys in this range, both ends included.
    newest_first: in descending order.
    limit: at most this many rows.
    page: read this many rows per call.
    where: a filter that the table applies after reading.
    after: start after this sort key, which need not exist.
    only: leave out all other attributes, which shortens the time to parse the rows.
    keys_only: leave out all attributes but the keys.
    """
    if not fits(pk, max(begins, after or "", *(between or ()), key=len)):
        return
    condition: Condition | None = None
    if between is not None:
        condition = Row.sk.between(*between)
    elif begins:
        condition = Row.sk.startswith(begins)
    wanted = ["pk", "sk"] if keys_only else only
    start: Any = None if after is None else {"pk": {"S": pk}, "sk": {"S": after}}
    remaining = limit
    while remaining is None or remaining > 0:
        size = page if remaining is None or page is not None else remaining
        query = partial(
            connection().query,
            config.table,
            pk,
            condition,
            filter_condition=where,
            attributes_to_get=wanted,
            limit=size,
            exclusive_start_key=start,
            scan_index_forward=not newest_first,
        )
        answer = _called(partial(query, consistent_read=True))
        found = answer["Items"] if remaining is None else answer["Items"][:remaining]
        yield from map(kind.from_raw_data, found)
        start = answer.get("LastEvaluatedKey")
        if remaining is not None:
            remaining -= len(found)
        if start is None:
            return


def count(kind: type[R], pk: str, *, begins: str = "", where: Condition | None = None) -> int:
    """Return the number of rows in a partition whose sort keys have a prefix. One call per megabyte of rows."""
    if not fits(pk, begins):
        return 0
    connection()
    condition = Row.sk.startswith(begins) if begins else None
    return int(_called(lambda: kind.count(pk, condition, where, consistent_read=True)))


def page_for(limit: int | None, total: int, passing: int) -> int | None:
    """Return the page size with which one call likely reads `limit` rows that pass a filter.

    `total` is the number of rows, `passing` the number of those that pass the filter.
    """
    if limit is None or passing == total:
        return limit
    return limit * total // max(passing, 1) + SPARE_ROWS


def put_many(rows_to_put: Sequence[Row]) -> None:
    """Write rows in batches of 25: idempotent, but not atomic. Of several rows with one key, the last is written."""
    rows_by_key = {(row.pk, row.sk): row for row in rows_to_put}
    _batch_write([{"PutRequest": {"Item": row.serialize()}} for row in rows_by_key.values()])


def delete_many(keys: Sequence[Key[Any]]) -> None:
    """Delete rows in batches of 25: idempotent, but not atomic."""
    unique = dict.fromkeys((key.pk, key.sk) for key in keys if key.fits)
    _batch_write([{"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}} for pk, sk in unique])


INVALID_CODES = frozenset({"ValidationException", "ValidationError", "ItemCollectionSizeLimitExceeded"})


def failure_of(problem: PynamoDBException) -> Exception:
    """Return the error to raise for a failed call. Retryable failures have been retried already (aws.py)."""
    reasons = problem.cancellation_reasons if isinstance(problem, TransactWriteError) else []
    codes = {code_of(problem), *(reason.code for reason in reasons if reason is not None)}
    return StoreRefused() if codes & INVALID_CODES else StoreUnavailable()


def code_of(problem: PynamoDBException) -> str | None:
    """Return the code of a failed call, or None if there was no answer; PynamoDB's own property raises then."""
    response = getattr(problem.cause, "response", None) or {}
    code: str | None = response.get("Error", {}).get("Code")
    return code


def _in_batches(pending: list[Any], size: int, call: Callable[[list[Any]], list[Any]]) -> None:
    """Pass all entries to `call` in batches; the unprocessed ones, which it returns, are sent again after a pause."""
    attempts = 0
    with shared_budget() as budget:
        while pending:
            batch, pending = pending[:size], pending[size:]
            unprocessed = call(batch)
            attempts = attempts + 1 if len(unprocessed) == len(batch) else 1
            if unprocessed and not budget.pause(attempts):
                raise StoreUnavailable
            pending = unprocessed + pending


def _batch_write(requests: list[Any]) -> None:
    def write(batch: list[Any]) -> list[Any]:
        puts = [request["PutRequest"]["Item"] for request in batch if "PutRequest" in request]
        deletes = [request["DeleteRequest"]["Key"] for request in batch if "DeleteRequest" in request]
        response = _called(lambda: connection().batch_write_item(config.table, puts, deletes))
        unprocessed: list[Any] = response.get("UnprocessedItems", {}).get(config.table, [])
        return unprocessed

    _in_batches(requests, BATCH_WRITE_LIMIT, write)


def _called(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except PynamoDBException as problem:
        raise failure_of(problem) from problem


_connecting = threading.Lock()


def connection() -> Any:
    """Return PynamoDB's connection, which all kinds of rows share. It uses the client of aws.py with its timeouts."""
    if Row._connection is None or Row._connection.connection._client is None:
        with _connecting:
            Row._get_connection().connection._client = client("dynamodb")
    return Row._get_connection().connection
