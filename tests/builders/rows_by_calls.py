"""The rows in the table of any engine, read by calls (`rows.py`)."""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any

from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from chalicelib.platform.row import Row

Attributes = dict[str, Any]
WRITES_PER_CALL = 25


def partition_rows(pk: str) -> dict[str, Attributes]:
    """Return the rows of a partition by sort key. Numbers are text, as DynamoDB stores them."""
    return {str(row["sk"]): row for row in map(_plain, _queried(pk))}


def row_at(pk: str, sk: str) -> Attributes | None:
    """Return a row, or None."""
    item = _table().get_item(TableName=config.table, Key=_key(pk, sk), ConsistentRead=True).get("Item")
    return None if item is None else _plain(item)


def put_copies(row: Row, sort_keys: Iterable[str]) -> None:
    """Write rows that differ in their sort keys only."""
    item = row.serialize()
    _write({"PutRequest": {"Item": {**item, "sk": {"S": sk}}}} for sk in sort_keys)


def empty_partition(pk: str) -> None:
    """Delete all rows of a partition."""
    _delete((pk, sk) for sk in partition_rows(pk))


def keep_only(keys: Collection[tuple[str, str]]) -> None:
    """Delete all rows except those with one of the given partition keys and sort keys."""
    _delete(key for key in row_keys() if key not in keys)


def partitions() -> set[str]:
    """Return the keys of all partitions that have rows."""
    return {pk for pk, _ in row_keys()}


def partitions_of(origin: str) -> list[str]:
    """Return the partition keys `KIND#origin` and `KIND#origin/...`."""
    return sorted(pk for pk in partitions() if pk.partition("#")[2].split("/")[0] == origin)


def row_keys() -> Iterator[tuple[str, str]]:
    """The partition key and sort key of every row."""
    pages = (
        _table()
        .get_paginator("scan")
        .paginate(TableName=config.table, ProjectionExpression="pk, sk", ConsistentRead=True)
    )
    for page in pages:
        yield from ((item["pk"]["S"], item["sk"]["S"]) for item in page["Items"])


def _queried(pk: str) -> Iterator[Any]:
    pages = (
        _table()
        .get_paginator("query")
        .paginate(
            TableName=config.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            ConsistentRead=True,
        )
    )
    for page in pages:
        yield from page["Items"]


def _delete(keys: Iterable[tuple[str, str]]) -> None:
    _write({"DeleteRequest": {"Key": _key(*key)}} for key in list(keys))


def _write(requests: Iterable[Any]) -> None:
    iterator = iter(requests)
    while batch := list(islice(iterator, WRITES_PER_CALL)):
        answer = _table().batch_write_item(RequestItems={config.table: batch})
        assert not answer["UnprocessedItems"]


def _plain(item: Any) -> Attributes:
    return {name: next(iter(typed.values())) for name, typed in item.items()}


def _key(pk: str, sk: str) -> Any:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _table() -> Any:
    return client("dynamodb")
