"""The copy of a table as it was at a time, made by DynamoDB's point-in-time recovery."""

import time
from datetime import datetime
from typing import Any

from infra.restore.clients import client
from infra.restore.source import NotPossible

POLL_SECONDS = 15


def begin(source: str, copy: str, at: datetime) -> None:
    """Begin to restore a table under another name, unless that has begun. Raises NotPossible, ClientError."""
    dynamodb = client("dynamodb")
    existing = _described(copy)
    if existing is not None:
        _demand_copy_of(source, existing)
        return
    _demand_restorable(source, at)
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=source,
        TargetTableName=copy,
        RestoreDateTime=at,
        BillingModeOverride="PAY_PER_REQUEST",
        SSESpecificationOverride={"Enabled": True, "SSEType": "KMS"},
    )


def wait(copy: str) -> None:
    """Wait until the copy is complete. Raises NotPossible, ClientError."""
    while True:
        described = _described(copy)
        if described is None:
            raise NotPossible(f"the table {copy} has disappeared")
        if described["TableStatus"] == "ACTIVE" and not described.get("RestoreSummary", {}).get("RestoreInProgress"):
            return
        time.sleep(POLL_SECONDS)


def _described(table: str) -> dict[str, Any] | None:
    dynamodb = client("dynamodb")
    try:
        described: dict[str, Any] = dynamodb.describe_table(TableName=table)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        return None
    return described


def _demand_copy_of(source: str, existing: dict[str, Any]) -> None:
    restored_from = existing.get("RestoreSummary", {}).get("SourceTableArn", source)  # some engines have no summary
    if restored_from.rpartition("/")[2] != source:
        raise NotPossible(f"the table {existing['TableName']} exists and is not a copy of {source}")


def _demand_restorable(source: str, at: datetime) -> None:
    backups = client("dynamodb").describe_continuous_backups(TableName=source)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        raise NotPossible(f"the table {source} has no point-in-time recovery")
    earliest, latest = recovery["EarliestRestorableDateTime"], recovery["LatestRestorableDateTime"]
    if not earliest <= at <= latest:
        raise NotPossible(f"{source} can be restored to times from {earliest.isoformat()} to {latest.isoformat()}")
