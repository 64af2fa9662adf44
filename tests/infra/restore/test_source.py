"""The resources of the stack that is restored, and the names of the copies."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from infra.restore.clients import client
from infra.restore.excerpt import excerpt
from infra.restore.new_stack import BUCKET, TABLE
from infra.restore.source import Copies, NotPossible, copies_of, source_of
from tests.builders.names import a_name
from tests.servers import Server, aws

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def stack(engine: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a stack with table and bucket, and with the output of a secret, which the engine cannot create."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", engine.url)
    client.cache_clear()
    yield a_stack(engine, BuilderKeySecret={"Value": "key"})
    client.cache_clear()


def a_stack(engine: Server, **outputs: dict[str, Any]) -> str:
    """Create a stack with some more outputs and return its name."""
    template, name = excerpt([TABLE, BUCKET]), a_name("stack")
    body = {**template, "Outputs": {**template["Outputs"], **outputs}}
    days = [{"ParameterKey": "RestoreDays", "ParameterValue": "7"}]
    aws("cloudformation", engine.url).create_stack(StackName=name, TemplateBody=json.dumps(body), Parameters=days)
    return name


def test_the_resources_are_those_in_the_outputs(stack: str) -> None:
    source = source_of(stack)

    assert client("dynamodb").describe_table(TableName=source.table)
    assert client("s3").head_bucket(Bucket=source.bucket)
    assert source.builder_key == "key"
    assert source.parameters["RestoreDays"] == "7"


def test_a_stack_without_the_outputs_is_refused(engine: Server, stack: str) -> None:
    with pytest.raises(NotPossible, match="has no output BuilderKeySecret"):
        source_of(a_stack(engine))


def test_names_of_copies_follow_from_the_new_stack_and_the_time(stack: str) -> None:
    source = source_of(stack)
    names = Copies("Drill", "Drill-20261127120000", "drill-20261127120000-123456789012")

    assert copies_of(source, "Drill", AT) == names
    assert copies_of(source, "Drill", AT.astimezone(timezone(timedelta(hours=5)))) == names
    with pytest.raises(NotPossible, match="choose a shorter stack name"):
        copies_of(source, "drill" * 12, AT)
