"""The rows of the engine's table as they are, for tests that look at all of them without asking a client."""

from collections.abc import Iterator
from typing import Any

from moto.backends import get_backend
from moto.dynamodb.models.dynamo_type import DynamoType

from chalicelib.platform.settings import settings

Attributes = dict[str, Any]


def partition_rows(pk: str) -> dict[str, Attributes]:
    """The rows of a partition by sort key; numbers stay text."""
    found = _partitions().get(DynamoType({"S": pk}), {})
    return {sk.value: {name: value.value for name, value in item.attrs.items()} for sk, item in found.items()}


def partitions() -> set[str]:
    """The keys of all partitions that have rows."""
    return {pk.value for pk, found in _partitions().items() if found}


def places() -> Iterator[tuple[str, str]]:
    """Partition and sort key of every row."""
    for pk, found in _partitions().items():
        for sk in found:
            yield pk.value, sk.value


def _partitions() -> dict[Any, Any]:
    partitions: dict[Any, Any] = get_backend("dynamodb")["123456789012"]["us-east-1"].tables[settings.table].items
    return partitions
