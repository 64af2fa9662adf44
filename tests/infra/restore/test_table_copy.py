"""A table is only taken for the copy that an earlier run has begun if it is one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.restore import table_copy
from infra.restore.clients import client
from infra.restore.source import NotPossible
from tests.builders.names import a_name
from tests.servers import Server, aws

KEY = {"AttributeName": "pk", "KeyType": "HASH"}
NOW = datetime.now(UTC)


@pytest.fixture
def dynamodb(engine: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of the engine, which the copies use, too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", engine.url)
    client.cache_clear()
    yield aws("dynamodb", engine.url)
    client.cache_clear()


def a_table(dynamodb: Any, *, recovery: bool = True) -> str:
    """Create a table and return its name."""
    name: str = a_name("table")
    attributes = [{"AttributeName": "pk", "AttributeType": "S"}]
    dynamodb.create_table(
        TableName=name, AttributeDefinitions=attributes, KeySchema=[KEY], BillingMode="PAY_PER_REQUEST"
    )
    if recovery:
        on = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=on)
    return name


def test_a_copy_that_exists_is_not_made_again(dynamodb: Any) -> None:
    source, copy = a_table(dynamodb), a_name("copy")
    dynamodb.restore_table_to_point_in_time(SourceTableName=source, TargetTableName=copy)
    dynamodb.put_item(TableName=source, Item={"pk": {"S": "later"}})

    table_copy.begin(source, copy, NOW)
    table_copy.wait(copy)

    assert dynamodb.scan(TableName=copy)["Items"] == []


def test_a_copy_of_another_table_is_refused(dynamodb: Any) -> None:
    other, copy = a_table(dynamodb), a_name("copy")
    dynamodb.restore_table_to_point_in_time(SourceTableName=other, TargetTableName=copy)

    with pytest.raises(NotPossible, match="exists and is not a copy of"):
        table_copy.begin(a_table(dynamodb), copy, NOW)


def test_a_table_without_recovery_cannot_be_restored(dynamodb: Any) -> None:
    with pytest.raises(NotPossible, match="has no point-in-time recovery"):
        table_copy.begin(a_table(dynamodb, recovery=False), a_name("copy"), NOW)


def test_a_table_that_disappears_is_reported(dynamodb: Any) -> None:
    with pytest.raises(NotPossible, match="has disappeared"):
        table_copy.wait(a_name("never"))
