"""A stack around a copied table and a copied bucket, which `make deploy` then completes.

1. Import: CloudFormation takes over table and bucket, with no more than the properties that describe them.
2. Settings: an update with their full properties from the template sets what a restored table and a new bucket lack
   (time to live, point-in-time recovery, deletion protection, versions, lifecycle), and creates the secret of the
   builder key.
3. The secret gets the value of the source's secret.

Each step is skipped if it was done before.
"""

import json
import time
from typing import Any

from botocore.exceptions import ClientError

from infra.restore.clients import client
from infra.restore.excerpt import excerpt
from infra.restore.source import OUTPUTS, Copies, NotPossible, Source

TABLE, BUCKET, SECRET = "Table", "Artifacts", "BuilderKey"
DESCRIBING = ("BillingMode", "AttributeDefinitions", "KeySchema", "SSESpecification")
"""The properties that a restored table has already. It must be imported with them, because an update that sets the
encryption that a table has is refused."""

CHANGE_SET = "import-restored-copies-{seconds}"
"""One that has failed keeps its name."""


def create(source: Source, copies: Copies) -> None:
    """Make the stack. Raises NotPossible, WaiterError, ClientError."""
    existing = _resources(copies.stack)
    _demand_incomplete(copies, existing)
    if TABLE not in existing:
        _import(copies)
    _complete(source, copies)
    _copy_builder_key(source, copies)


def import_template() -> dict[str, Any]:
    """Return the template of the import. It names neither table nor bucket: names that vanish later replace both."""
    template = excerpt([TABLE, BUCKET])
    resources = {
        name: {key: value for key, value in resource.items() if key != "Properties"}
        for name, resource in template["Resources"].items()
    }
    declared = template["Resources"][TABLE]["Properties"]
    resources[TABLE]["Properties"] = {key: declared[key] for key in DESCRIBING}
    return {"AWSTemplateFormatVersion": template["AWSTemplateFormatVersion"], "Resources": resources}


def _resources(stack: str) -> dict[str, str]:
    """Return the physical ids of a stack's resources by their logical ids; none if there is no such stack."""
    try:
        pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        every = [resource for page in pages for resource in page["StackResourceSummaries"]]
    except ClientError as problem:
        if "does not exist" in problem.response["Error"]["Message"]:
            return {}
        raise
    return {resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "") for resource in every}


def _demand_incomplete(copies: Copies, existing: dict[str, str]) -> None:
    """Raise NotPossible for a stack of something else, which the update would take apart."""
    others = existing.keys() - {TABLE, BUCKET, SECRET}
    if others:
        raise NotPossible(f"the stack {copies.stack} is deployed already: it has {min(others)}")
    expected = {TABLE: copies.table, BUCKET: copies.bucket}
    for name in expected.keys() & existing.keys():
        if existing[name] != expected[name]:
            raise NotPossible(f"the stack {copies.stack} has {existing[name]} instead of {expected[name]}")


def _import(copies: Copies) -> None:
    cloudformation = client("cloudformation")
    identifiers = {
        TABLE: ("AWS::DynamoDB::Table", {"TableName": copies.table}),
        BUCKET: ("AWS::S3::Bucket", {"BucketName": copies.bucket}),
    }
    created = cloudformation.create_change_set(
        StackName=copies.stack,
        ChangeSetName=CHANGE_SET.format(seconds=int(time.time())),
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps(import_template()),
        ResourcesToImport=[
            {"LogicalResourceId": name, "ResourceType": kind, "ResourceIdentifier": identifier}
            for name, (kind, identifier) in identifiers.items()
        ],
    )
    cloudformation.get_waiter("change_set_create_complete").wait(ChangeSetName=created["Id"])
    cloudformation.execute_change_set(ChangeSetName=created["Id"])
    cloudformation.get_waiter("stack_import_complete").wait(StackName=copies.stack)


def _complete(source: Source, copies: Copies) -> None:
    cloudformation, template = client("cloudformation"), excerpt([TABLE, BUCKET, SECRET])
    same = template["Parameters"].keys() & source.parameters.keys()
    try:
        cloudformation.update_stack(
            StackName=copies.stack,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": name, "ParameterValue": source.parameters[name]} for name in sorted(same)],
        )
    except ClientError as problem:
        if "No updates" not in problem.response["Error"]["Message"]:
            raise
        return
    cloudformation.get_waiter("stack_update_complete").wait(StackName=copies.stack)


def _copy_builder_key(source: Source, copies: Copies) -> None:
    described = client("cloudformation").describe_stacks(StackName=copies.stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    copy_secret(source.builder_key, outputs[OUTPUTS["builder_key"]])


def settings_off(copies: Copies) -> list[str]:
    """Return which protections of the template the copies lack, although the stack is complete. Raises ClientError."""
    dynamodb, s3 = client("dynamodb"), client("s3")
    table = dynamodb.describe_table(TableName=copies.table)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=copies.table)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    expiry = dynamodb.describe_time_to_live(TableName=copies.table)["TimeToLiveDescription"]["TimeToLiveStatus"]
    is_on = {
        "deletion protection of the table": bool(table.get("DeletionProtectionEnabled")),
        "point-in-time recovery of the table": recovery == "ENABLED",
        "time to live of the table": expiry in ("ENABLED", "ENABLING"),
        "versioning of the bucket": s3.get_bucket_versioning(Bucket=copies.bucket).get("Status") == "Enabled",
    }
    return [name for name, on in is_on.items() if not on]


def copy_secret(source: str, copy: str) -> None:
    """Give a secret the value of another one. Raises NotPossible if it has a different value, and ClientError."""
    secrets = client("secretsmanager")
    value = secrets.get_secret_value(SecretId=source)["SecretString"]
    try:
        existing = secrets.get_secret_value(SecretId=copy)["SecretString"]
    except secrets.exceptions.ResourceNotFoundException:
        existing = ""
    if not existing:
        secrets.put_secret_value(SecretId=copy, SecretString=value)
    elif existing != value:
        raise NotPossible(f"the secret {copy} has another builder key; the copied table cannot be read with it")
