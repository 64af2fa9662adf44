"""Table, bucket and secret of infra/template.yaml, made in whatever engine AWS_ENDPOINT_URL[_SERVICE] points at.

The template's properties are handed to create_table and create_bucket directly. CloudFormation of the engines would
need the API and its functions cut out of the template first, differs between engines (moto forgets the time to live),
and cannot adopt what is there already; these calls work everywhere.
"""

from typing import Any

from botocore.exceptions import ClientError

from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from infra.builder_key import ensure_builder_key
from infra.template import properties

TABLE, BUCKET, SECRET = "Table", "Artifacts", "BuilderKey"
# What create_table takes under the same name and shape; backups and encryption are duties of AWS, not of an engine.
_TABLE_PARAMETERS = (
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "StreamSpecification",
)


def create_resources() -> None:
    """Make what the engine does not have yet and leave what is there, so that state survives a restart of the API."""
    _ensure_table(config.table, properties(TABLE))
    _ensure_bucket(config.bucket)
    ensure_builder_key(config.builder_key_secret, properties(SECRET)["Description"])


def _ensure_table(name: str, declared: dict[str, Any]) -> None:
    dynamodb = client("dynamodb")
    try:
        dynamodb.create_table(TableName=name, **{key: declared[key] for key in _TABLE_PARAMETERS if key in declared})
    except dynamodb.exceptions.ResourceInUseException:
        return
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    # CloudFormation sets the time to live with the table; the API wants a call of its own.
    if "TimeToLiveSpecification" in declared:
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=declared["TimeToLiveSpecification"])


def _ensure_bucket(name: str) -> None:
    s3 = client("s3")
    try:
        s3.head_bucket(Bucket=name)
        return
    except ClientError as problem:
        if problem.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
    region = s3.meta.region_name
    elsewhere = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **elsewhere)
