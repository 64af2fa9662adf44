"""The resources that CloudFormation keeps when it deletes a stack, and their removal.

Their names are stored in the code bucket, because a deleted stack no longer lists them.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Account
from infra.deploy.changes import HOLDS_DATA
from infra.deploy.code_bucket import MISSING, CodeBucket
from infra.deploy.problems import code_of

Kept = Mapping[str, list[str]]
"""Names of resources by their type in CloudFormation."""

TABLE, BUCKET, SECRET = HOLDS_DATA
FILE = "kept.json"
RECOVERY_DAYS = 7
OBJECTS_PER_CALL = 1000


def kept_by(account: Account, stack_id: str) -> dict[str, list[str]]:
    """Return the resources with data of a stack."""
    kept: dict[str, list[str]] = {kind: [] for kind in HOLDS_DATA}
    for page in account.stacks.get_paginator("list_stack_resources").paginate(StackName=stack_id):
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] in kept and resource.get("PhysicalResourceId"):
                kept[resource["ResourceType"]].append(resource["PhysicalResourceId"])
    return kept


def merged(one: Kept, other: Kept) -> dict[str, list[str]]:
    """Return the resources of both."""
    return {kind: sorted({*one.get(kind, ()), *other.get(kind, ())}) for kind in HOLDS_DATA}


def read(code: CodeBucket) -> dict[str, list[str]]:
    """Return what earlier runs have stored."""
    return dict((code.read_json(FILE) if code.exists() else None) or {})


def write(code: CodeBucket, kept: Kept) -> None:
    """Store the names."""
    code.write_json(FILE, kept)


def commands(kept: Kept, code_bucket: str) -> list[str]:
    """Return the commands that remove what is kept."""
    lines = []
    for table in kept.get(TABLE, ()):
        lines.append(f"  aws dynamodb update-table --table-name {table} --no-deletion-protection-enabled")
        lines.append(f"  aws dynamodb delete-table --table-name {table}")
    for secret in kept.get(SECRET, ()):
        lines.append(
            f"  aws secretsmanager delete-secret --recovery-window-in-days {RECOVERY_DAYS} --secret-id {secret}"
        )
    for bucket in [*kept.get(BUCKET, ()), code_bucket]:
        lines.append(f"  aws s3 rb --force s3://{bucket}     # first delete its old versions, in the console")
    return [*lines, "or all of them at once: the same command with --everything (make teardown EVERYTHING=1)"]


def remove_all(account: Account, kept: Kept, code_bucket: str, say: Callable[[str], None]) -> None:
    """Delete all that is kept, and the code bucket last, because it has the list. Skips what is gone."""
    for table in kept.get(TABLE, ()):
        _ignore_missing(partial(_delete_table, account), table)
        say(f"deleted the table {table}")
    for secret in kept.get(SECRET, ()):
        _ignore_missing(partial(_delete_secret, account), secret)
        say(f"deleted the secret {secret}; it can be restored for {RECOVERY_DAYS} days")
    for bucket in [*kept.get(BUCKET, ()), code_bucket]:
        _ignore_missing(partial(_delete_bucket, account), bucket)
        say(f"deleted the bucket {bucket}")


def _delete_table(account: Account, table: str) -> None:
    if account.tables.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
        account.tables.update_table(TableName=table, DeletionProtectionEnabled=False)
    account.tables.delete_table(TableName=table)


def _delete_secret(account: Account, secret: str) -> None:
    account.secrets.delete_secret(SecretId=secret, RecoveryWindowInDays=RECOVERY_DAYS)


def _delete_bucket(account: Account, bucket: str) -> None:
    for some in _versions(account, bucket):
        account.objects.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
    account.objects.delete_bucket(Bucket=bucket)


def _versions(account: Account, bucket: str) -> Iterator[list[dict[str, Any]]]:
    """Yield all versions and delete markers of a bucket, as many at a time as one call can delete."""
    pages = account.objects.get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=bucket, PaginationConfig={"PageSize": OBJECTS_PER_CALL}):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if found:
            yield [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]


def _ignore_missing(delete: Callable[[str], object], name: str) -> None:
    try:
        delete(name)
    except ClientError as problem:
        if code_of(problem) not in (*MISSING, "ResourceNotFoundException"):
            raise
