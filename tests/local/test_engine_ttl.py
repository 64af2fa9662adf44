"""The engine deletes expired items, as DynamoDB does."""

import time
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item

from chalicelib.platform.config import config
from local import moto_ttl
from tests.builders.names import a_name
from tests.servers import aws

pytestmark = pytest.mark.usefixtures("table")


def items(partition: str) -> list[str]:
    """Return the sort keys of a partition."""
    page = aws("dynamodb").query(
        TableName=config.table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": partition}},
    )
    return [item["sk"]["S"] for item in page["Items"]]


def put(partition: str, name: str, **attributes: Any) -> None:
    """Put an item."""
    item = {"pk": {"S": partition}, "sk": {"S": name}, **attributes}
    aws("dynamodb").put_item(TableName=config.table, Item=item)


def test_items_that_have_expired_are_deleted_and_others_stay() -> None:
    partition, now = a_name("partition"), int(time.time())
    put(partition, "expired", expires_at={"N": str(now - 100)})
    put(partition, "later", expires_at={"N": str(now + 100)})
    put(partition, "no number", expires_at={"S": str(now - 100)})
    put(partition, "without")

    assert moto_ttl.sweep(now) >= 1
    assert items(partition) == ["later", "no number", "without"]
    assert moto_ttl.sweep(now) == 0


def test_partitions_without_items_are_dropped_and_can_be_filled_again() -> None:
    partition = a_name("partition")
    put(partition, "expired", expires_at={"N": "1"})
    put(a_name("partition"), "other")
    moto_ttl.sweep(time.time())

    assert partition not in partitions()
    put(partition, "again")
    assert items(partition) == ["again"]


def partitions() -> set[str]:
    """Return the hash keys for which the engine's table has a partition."""
    tables = (backend.tables for regions in dynamodb_backends.values() for backend in regions.values())
    return {key.value for each in tables if config.table in each for key in each[config.table].items}


def test_the_engine_keeps_no_copies_of_the_items_that_it_returned() -> None:
    partition = a_name("partition")
    put(partition, "item")
    items(partition)

    assert Item.instances_tracked == []  # type: ignore[attr-defined]  # moto sets it
