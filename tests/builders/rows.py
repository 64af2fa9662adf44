"""The rows of the engine's table as they are, for tests that look at all of them without asking a client."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

from moto.backends import get_backend
from moto.dynamodb.models.dynamo_type import DynamoType

from chalicelib.platform.config import config

Attributes = dict[str, Any]


def partition_rows(pk: str) -> dict[str, Attributes]:
    """The rows of a partition by sort key; numbers stay text."""
    found = _partitions().get(DynamoType({"S": pk}), {})
    return {sk.value: {name: value.value for name, value in item.attrs.items()} for sk, item in found.items()}


def partitions() -> set[str]:
    """The keys of all partitions that have rows."""
    return {pk.value for pk, found in _partitions().items() if found}


def partitions_of(origin: str) -> list[str]:
    """The keys `KIND#origin` and `KIND#origin/...`; cheap enough to be asked after every call of a history."""
    global _index  # noqa: PLW0603 - a table is indexed once, and another one takes its place with another engine
    table = _partitions()
    if _index.table is not table:
        _index = _Index(table)
    return _index.of(origin)


class _Index:
    """Partitions by origin; reads those that have come since the last time only, because none goes."""

    def __init__(self, table: dict[Any, Any]) -> None:
        self.table = table
        self._seen = 0
        self._by_origin: dict[str, list[str]] = defaultdict(list)

    def of(self, origin: str) -> list[str]:
        for pk in islice(self.table, self._seen, None):
            self._seen += 1
            self._by_origin[pk.value.partition("#")[2].split("/")[0]].append(pk.value)
        return self._by_origin[origin]


_index = _Index({})


def places() -> Iterator[tuple[str, str]]:
    """Partition and sort key of every row."""
    for pk, found in _partitions().items():
        for sk in found:
            yield pk.value, sk.value


def _partitions() -> dict[Any, Any]:
    partitions: dict[Any, Any] = get_backend("dynamodb")["123456789012"]["us-east-1"].tables[config.table].items
    return partitions
