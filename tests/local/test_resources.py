"""The embedded stack creates the resources that the template declares."""

import os
import subprocess
import sys

import pytest

from chalicelib.platform.config import config
from infra.template import properties, read_template
from tests.builders.stack import REPOSITORY
from tests.servers import Server, aws

CREATE = "from local.resources import create_resources; create_resources()"


@pytest.fixture(scope="module")
def created(engine: Server) -> Server:
    """An engine with the resources."""
    create(engine)
    return engine


def create(engine: Server) -> None:
    """Create the resources in an engine, in a new process because clients are cached per process."""
    environment = {**os.environ, "AWS_ENDPOINT_URL": engine.url}
    subprocess.run([sys.executable, "-c", CREATE], cwd=REPOSITORY, env=environment, check=True)


def test_the_table_has_the_keys_and_the_time_to_live_of_the_template(created: Server) -> None:
    declared, dynamodb = properties("Table"), aws("dynamodb", created.url)
    table = dynamodb.describe_table(TableName=config.table)["Table"]
    time_to_live = dynamodb.describe_time_to_live(TableName=config.table)["TimeToLiveDescription"]

    assert table["KeySchema"] == declared["KeySchema"]
    assert table["AttributeDefinitions"] == declared["AttributeDefinitions"]
    assert table["BillingModeSummary"]["BillingMode"] == declared["BillingMode"]
    assert time_to_live == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_a_repeat_keeps_rows_objects_and_the_builder_key(created: Server) -> None:
    secrets, dynamodb, s3 = (aws(service, created.url) for service in ("secretsmanager", "dynamodb", "s3"))
    key = secrets.get_secret_value(SecretId=config.builder_key_secret)["SecretString"]
    row = {"pk": {"S": "kept"}, "sk": {"S": "kept"}}
    dynamodb.put_item(TableName=config.table, Item=row)
    s3.put_object(Bucket=config.bucket, Key="kept", Body=b"kept")

    create(created)

    assert key.startswith("BOX-SEC-1\nbldr-")
    assert secrets.get_secret_value(SecretId=config.builder_key_secret)["SecretString"] == key
    assert dynamodb.get_item(TableName=config.table, Key=row)["Item"] == row
    assert s3.get_object(Bucket=config.bucket, Key="kept")["Body"].read() == b"kept"


def test_a_secret_without_a_value_gets_a_key(created: Server) -> None:
    secrets = aws("secretsmanager", created.url)
    secrets.delete_secret(SecretId=config.builder_key_secret, ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name=config.builder_key_secret)

    create(created)

    assert secrets.get_secret_value(SecretId=config.builder_key_secret)["SecretString"].startswith("BOX-SEC-1\n")


def test_stored_resources_are_encrypted_and_kept_when_the_stack_is_deleted() -> None:
    resources = read_template()["Resources"]

    for name in ("Table", "Artifacts", "BuilderKey"):
        assert resources[name]["DeletionPolicy"] == resources[name]["UpdateReplacePolicy"] == "Retain"
    assert properties("Table")["SSESpecification"] == {"SSEEnabled": True}
    assert properties("Table")["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties("Artifacts")["BucketEncryption"]
    assert set(properties("Artifacts")["PublicAccessBlockConfiguration"].values()) == {True}
