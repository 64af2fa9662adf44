"""The state folder's upkeep deletes what the rules of the template would delete on AWS, and nothing else."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.platform import logs
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from local.state import upkeep
from local.state.lifecycle import Expiry, Rules, rules
from local.state.upkeep import expire_objects, expire_rows

DAY = timedelta(days=1)


class Later(datetime):
    """A clock that is two days ahead: objects get the time at which they are stored."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]  # the module calls it with UTC only
        """Return the time in two days."""
        return datetime.now(tz) + 2 * DAY


def test_the_rules_are_those_of_the_template() -> None:
    assert rules({}) == Rules((Expiry("_staging/", DAY), Expiry("_logs/", 180 * DAY)), DAY, "expires_at")


def test_the_rule_of_logs_follows_the_setting() -> None:
    assert Expiry("_logs/", 7 * DAY) in rules({"BLDR_LOG_DAYS": "7"}).objects
    assert [each.prefix for each in rules({"BLDR_LOG_DAYS": "0"}).objects] == ["_staging/"]
    assert rules({"BLDR_LOG_DAYS": ""}) == rules({})


def test_expired_rows_are_deleted_and_others_stay(table: None) -> None:
    now = int(time.time())
    put("expired", expires_at=now - 10)
    put("later", expires_at=now + 1000)
    put("never")

    assert expire_rows(rules({})).rows == 1
    assert stored() == {"later", "never"}
    assert expire_rows(rules({})).rows == 0


def test_a_row_whose_time_was_extended_meanwhile_stays(table: None) -> None:
    put("extended", expires_at=int(time.time()) + 1000)
    limit = {":now": {"N": str(int(time.time()))}}

    assert upkeep._delete_row({"pk": {"S": "upkeep"}, "sk": {"S": "extended"}}, "expires_at", limit) == 0
    assert "extended" in stored()


def test_a_run_ends_after_its_pages_and_the_next_one_continues(table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        put(f"{number:02}", content="x" * 300_000, expires_at=1)
    monkeypatch.setattr(upkeep, "PAGES_PER_RUN", 1)

    first = expire_rows(rules({})).rows
    assert 0 < first < 12
    assert first + sum(expire_rows(rules({})).rows for _ in range(12)) == 12


def test_old_objects_of_a_prefix_are_deleted(table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("_staging/a", "_logs/a", "core/a"):
        client("s3").put_object(Bucket=config.bucket, Key=key, Body=b"1")
    assert expire_objects(rules({})).objects == 0

    monkeypatch.setattr(upkeep, "datetime", Later)
    assert expire_objects(rules({})).objects == 1
    assert objects() == {"_logs/a", "core/a"}
    assert expire_objects(rules({"BLDR_LOG_DAYS": "1"})).objects == 1
    assert objects() == {"core/a"}


def test_multipart_uploads_that_were_not_completed_are_aborted(table: None) -> None:
    s3 = client("s3")
    s3.create_multipart_upload(Bucket=config.bucket, Key="_staging/b")
    assert expire_objects(Rules((), 100 * 365 * DAY, None)).uploads == 0  # moto starts all uploads in 2010

    assert expire_objects(Rules((), DAY, None)).uploads == 1
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=config.bucket)


def test_a_failure_is_logged_and_not_raised(table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    problems: list[Exception] = []

    def fail(_: Rules) -> None:
        raise RuntimeError

    monkeypatch.setattr(upkeep, "expire_rows", fail)
    monkeypatch.setattr(logs, "unexpected_error", problems.append)
    upkeep.run("expire_rows", {})
    assert [type(problem) for problem in problems] == [RuntimeError]


def put(sk: str, *, content: str = "x", expires_at: int | None = None) -> None:
    """Store a row."""
    item: dict[str, Any] = {"pk": {"S": "upkeep"}, "sk": {"S": sk}, "content": {"S": content}}
    if expires_at is not None:
        item["expires_at"] = {"N": str(expires_at)}
    client("dynamodb").put_item(TableName=config.table, Item=item)


def stored() -> set[str]:
    """Return the sort keys of the rows of these tests."""
    return set(_sort_keys())


def _sort_keys() -> Iterator[str]:
    answer = client("dynamodb").query(
        TableName=config.table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "upkeep"}},
        ProjectionExpression="sk",
    )
    return (item["sk"]["S"] for item in answer["Items"])


def objects() -> set[str]:
    """Return the keys of all objects."""
    return {each["Key"] for each in client("s3").list_objects_v2(Bucket=config.bucket).get("Contents", [])}
