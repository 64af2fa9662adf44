"""The rows in the table of the embedded engine, read directly from its memory (`rows.py`).

Executions that earlier tests started may still write in threads of their own, so all reads exclude calls to the table.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from copy import copy
from itertools import islice
from typing import Any

from moto.backends import get_backend
from moto.dynamodb.models.dynamo_type import DynamoType

from chalicelib.platform.config import config
from chalicelib.platform.row import Row
from local.moto_partitions import call_lock

Attributes = dict[str, Any]


def partition_rows(pk: str) -> dict[str, Attributes]:
    """Return the rows of a partition by sort key. Numbers are text, as DynamoDB stores them."""
    with call_lock:
        items = _partitions().get(DynamoType({"S": pk}), {})
        return {sk.value: {name: value.value for name, value in item.attrs.items()} for sk, item in items.items()}


def row_at(pk: str, sk: str) -> Attributes | None:
    """Return a row, or None."""
    with call_lock:
        item = _partitions().get(DynamoType({"S": pk}), {}).get(DynamoType({"S": sk}))
        return None if item is None else {name: value.value for name, value in item.attrs.items()}


def put_copies(row: Row, sort_keys: Iterable[str]) -> None:
    """Write rows that differ in their sort keys only, without calls, for tests that need very many."""
    table = get_backend("dynamodb")["123456789012"]["us-east-1"].tables[config.table]
    with call_lock:
        first = copy(table.put_item(row.serialize()))
        for sk in sort_keys:
            item = copy(first)
            item.range_key, item.attrs = DynamoType({"S": sk}), copy(first.attrs)
            dict.__setitem__(item.attrs, "sk", item.range_key)
            table.items[first.hash_key][item.range_key] = item


def empty_partition(pk: str) -> None:
    """Delete all rows of a partition."""
    with call_lock:
        items = _partitions().get(DynamoType({"S": pk}), {})
        for sk in list(items):
            items.pop(sk)


def keep_only(keys: Collection[tuple[str, str]]) -> None:
    """Delete all rows except those with one of the given partition keys and sort keys."""
    for pk, items in _partitions().items():
        for sk in [sk for sk in items if (pk.value, sk.value) not in keys]:
            items.pop(sk)


def partitions() -> set[str]:
    """Return the keys of all partitions that have rows."""
    with call_lock:
        return {pk.value for pk, items in _partitions().items() if items}


def partitions_of(origin: str) -> list[str]:
    """Return the partition keys `KIND#origin` and `KIND#origin/...`. Fast enough for every call."""
    global _index  # noqa: PLW0603 - the index of the current engine's table
    with call_lock:
        table = _partitions()
        if _index.table is not table:
            _index = _Index(table)
        return _index.of(origin)


class _Index:
    """Partitions by origin. Each call reads only the partitions added since the last one, because none is deleted."""

    def __init__(self, table: dict[Any, Any]) -> None:
        self.table = table
        self._indexed = 0
        self._by_origin: dict[str, list[str]] = defaultdict(list)

    def of(self, origin: str) -> list[str]:
        for pk in islice(self.table, self._indexed, None):
            self._indexed += 1
            self._by_origin[pk.value.partition("#")[2].split("/")[0]].append(pk.value)
        return self._by_origin[origin]


_index = _Index({})


def row_keys() -> Iterator[tuple[str, str]]:
    """The partition key and sort key of every row."""
    with call_lock:
        keys = [(pk.value, sk.value) for pk, items in _partitions().items() for sk in items]
    yield from keys


def _partitions() -> dict[Any, Any]:
    partitions: dict[Any, Any] = get_backend("dynamodb")["123456789012"]["us-east-1"].tables[config.table].items
    return partitions
