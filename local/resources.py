"""Creates the table, bucket and secret of infra/resources in the engine at AWS_ENDPOINT_URL[_SERVICE].

The template's properties are passed to create_table and create_bucket directly. Deploying the template with an engine's
CloudFormation does not work: the API and its functions would have to be removed first, engines implement it differently
(moto ignores the time to live), and it cannot adopt existing resources.
"""

from typing import Any

from botocore.exceptions import ClientError

from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from infra.builder_key import ensure_builder_key
from infra.template import properties

TABLE, BUCKET, SECRET = "Table", "Artifacts", "BuilderKey"
# Properties that create_table accepts under the same name. Backups and encryption do not matter in an engine.
_TABLE_PARAMETERS = (
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "StreamSpecification",
)


def create_resources() -> None:
    """Create the resources that do not exist. Existing ones keep their contents."""
    ensure_table(config.table, properties(TABLE))
    _ensure_bucket(config.bucket)
    ensure_builder_key(config.builder_key_secret, properties(SECRET)["Description"])


def ensure_table(name: str, declared: dict[str, Any]) -> None:
    """Create a table with the properties of the template unless it exists."""
    dynamodb = client("dynamodb")
    try:
        created = dynamodb.create_table(
            TableName=name, **{key: declared[key] for key in _TABLE_PARAMETERS if key in declared}
        )
    except dynamodb.exceptions.ResourceInUseException:
        return
    # The status is missing in the answer of a server that is not an engine; waiting for it would take half a minute.
    if created["TableDescription"]["TableStatus"] != "ACTIVE":
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    # CloudFormation sets the time to live with the table; the API has a separate call for it.
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
    location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **location)
