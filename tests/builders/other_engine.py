"""The table and the bucket of an engine outside of the test process (`make test-engines`)."""

import os

from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from infra.template import properties
from local.resources import TABLE, ensure_table


def has_bucket() -> bool:
    """Return whether the bucket is in another engine. If only the table is, the embedded engine has the bucket."""
    return bool(os.environ.get("TEST_BUCKET_URL"))


def empty_table() -> None:
    """Create the table again, without rows."""
    client("dynamodb").delete_table(TableName=config.table)
    ensure_table(config.table, properties(TABLE))


def empty_bucket() -> None:
    """Delete all objects and multipart uploads."""
    s3 = client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=config.bucket):
        for each in page.get("Contents", []):
            s3.delete_object(Bucket=config.bucket, Key=each["Key"])
    for upload in s3.list_multipart_uploads(Bucket=config.bucket).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=config.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
