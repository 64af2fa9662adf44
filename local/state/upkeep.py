"""Deletes what AWS would delete by itself: expired rows, old objects, and multipart uploads that were not completed.

The rules are those of the template (`lifecycle.py`). A run examines a limited number of rows and objects, and the next
one continues behind them.
"""

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.platform import logs
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from chalicelib.scheduled.cursors import read_cursor, store_cursor
from local.state.lifecycle import Expiry, Rules, rules

SCHEDULES = {"expire_rows": "rate(15 minutes)", "expire_objects": "rate(1 hour)"}
PAGES_PER_RUN = 50
"""Pages of up to 1 MB of the table, or of up to a thousand objects of each rule."""


class Expired(Struct, frozen=True):
    """The numbers of deleted rows, objects and multipart uploads of a run."""

    rows: int = 0
    objects: int = 0
    uploads: int = 0


def run(name: str, _event: Any) -> None:
    """Run an entry of SCHEDULES. An error is logged; the next run repeats the work."""
    try:
        done = {"expire_rows": expire_rows, "expire_objects": expire_objects}[name](rules(os.environ))
        logs.logger().info("expired", extra=asdict(done))
    except Exception as problem:  # noqa: BLE001 - as of a function in Lambda: one line, and the next run
        logs.unexpected_error(problem)


def expire_rows(wanted: Rules) -> Expired:
    """Delete the rows whose time to live is over."""
    if wanted.expires_at is None:
        return Expired()
    limit = {":now": {"N": str(int(time.time()))}}
    return Expired(rows=sum(_delete_row(key, wanted.expires_at, limit) for key in _expired(wanted.expires_at, limit)))


def expire_objects(wanted: Rules) -> Expired:
    """Delete old objects, and abort multipart uploads that were not completed."""
    objects = sum(_delete_object(key) for expiry in wanted.objects for key in _old_objects(expiry))
    if wanted.unfinished_uploads is None:
        return Expired(objects=objects)
    return Expired(objects=objects, uploads=sum(map(_abort, _unfinished(wanted.unfinished_uploads))))


def _expired(attribute: str, limit: dict[str, Any]) -> Iterator[dict[str, Any]]:
    cursor = read_cursor("expire_rows")
    start = {"ExclusiveStartKey": json.loads(cursor)} if cursor else {}
    for _ in range(PAGES_PER_RUN):
        page = client("dynamodb").scan(
            TableName=config.table,
            ProjectionExpression="pk, sk",
            FilterExpression="#expires_at < :now",
            ExpressionAttributeNames={"#expires_at": attribute},
            ExpressionAttributeValues=limit,
            **start,
        )
        yield from page["Items"]
        last = page.get("LastEvaluatedKey")
        store_cursor("expire_rows", json.dumps(last) if last else "")
        if not last:
            return
        start = {"ExclusiveStartKey": last}


def _delete_row(key: dict[str, Any], attribute: str, limit: dict[str, Any]) -> int:
    """Delete a row unless its time to live was extended meanwhile. Returns how many rows were deleted."""
    dynamodb = client("dynamodb")
    try:
        dynamodb.delete_item(
            TableName=config.table,
            Key=key,
            ConditionExpression="#expires_at < :now",
            ExpressionAttributeNames={"#expires_at": attribute},
            ExpressionAttributeValues=limit,
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return 0
    return 1


def _old_objects(expiry: Expiry) -> Iterator[str]:
    cursor, oldest = f"expire_objects {expiry.prefix}", datetime.now(UTC) - expiry.age
    after = read_cursor(cursor)
    for _ in range(PAGES_PER_RUN):
        start = {"StartAfter": after} if after else {}
        page = client("s3").list_objects_v2(Bucket=config.bucket, Prefix=expiry.prefix, **start)
        found = page.get("Contents", [])
        yield from (each["Key"] for each in found if each["LastModified"] < oldest)
        after = found[-1]["Key"] if page["IsTruncated"] else ""
        store_cursor(cursor, after)
        if not after:
            return


def _delete_object(key: str) -> int:
    client("s3").delete_object(Bucket=config.bucket, Key=key)
    return 1


def _unfinished(age: timedelta) -> Iterator[dict[str, Any]]:
    oldest = datetime.now(UTC) - age
    start: dict[str, str] = {}
    for _ in range(PAGES_PER_RUN):
        page = client("s3").list_multipart_uploads(Bucket=config.bucket, **start)
        yield from (upload for upload in page.get("Uploads", []) if upload["Initiated"] < oldest)
        if not page.get("IsTruncated"):
            return
        start = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}


def _abort(upload: dict[str, Any]) -> int:
    try:
        client("s3").abort_multipart_upload(Bucket=config.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    except ClientError as problem:
        if problem.response["Error"]["Code"] != "NoSuchUpload":  # it was completed meanwhile
            raise
        return 0
    return 1
