"""The IAM actions that each AWS operation needs, from AWS's service authorization reference.

A test compares the actions with cfn-lint's copy of AWS's list. An operation that is missing here fails the test that
uses it.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from tests.rights.policies import Context, bucket_arn, function_arn, project_arn, secret_arn, table_arn

Parameters = Mapping[str, Any]


class Need(Struct, frozen=True):
    """An action on a resource, which a request needs permission for, and the values of its condition keys."""

    action: str
    resource: str
    context: Context


class OperationUnmapped(Exception):
    """The actions of this operation are not known: add it to `OPERATIONS`."""


def needs_of(service: str, operation: str, parameters: Parameters) -> list[Need]:
    """Return what an operation needs permission for. Raises OperationUnmapped."""
    declared = OPERATIONS.get(f"{service}:{operation}")
    if declared is None:
        raise OperationUnmapped(f"{service}:{operation}")
    return declared(parameters)


def not_found_needs(service: str, operation: str, parameters: Parameters) -> list[Need]:
    """Return what S3 demands before it answers 404 for a missing object; without it the answer is 403."""
    if service == "s3" and operation in ("GetObject", "HeadObject"):
        return [_need("s3:ListBucket", bucket_arn(parameters["Bucket"]))]
    return []


def _need(action: str, resource: str, **context: str) -> Need:
    return Need(action, resource, {"aws:SecureTransport": "true", **context})


def _on_table(action: str) -> Callable[[Parameters], list[Need]]:
    def needs(parameters: Parameters) -> list[Need]:
        table = table_arn(parameters["TableName"])
        index = parameters.get("IndexName")
        return [_need(action, table if index is None else f"{table}/index/{index}")]

    return needs


def _on_tables(action: str) -> Callable[[Parameters], list[Need]]:
    return lambda parameters: [_need(action, table_arn(table)) for table in parameters["RequestItems"]]


_TRANSACTION_ACTIONS = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "Get": "dynamodb:GetItem",
}


def _transaction(parameters: Parameters) -> list[Need]:
    """A transaction needs the permission of each of its parts; there is none for transactions themselves."""
    return [
        _need(_TRANSACTION_ACTIONS[kind], table_arn(part["TableName"]))
        for item in parameters["TransactItems"]
        for kind, part in item.items()
    ]


def _on_bucket(action: str) -> Callable[[Parameters], list[Need]]:
    def needs(parameters: Parameters) -> list[Need]:
        prefix = {"s3:prefix": parameters["Prefix"]} if "Prefix" in parameters else {}
        return [_need(action, bucket_arn(parameters["Bucket"]), **prefix)]

    return needs


_FURTHER_ACTIONS = {"VersionId": "Version", "Tagging": "Tagging", "ACL": "Acl"}
"""Parameters that need an action of their own: `s3:GetObjectVersion`, `s3:PutObjectTagging`, …"""


def _on_object(action: str) -> Callable[[Parameters], list[Need]]:
    def needs(parameters: Parameters) -> list[Need]:
        resource = f"{bucket_arn(parameters['Bucket'])}/{parameters['Key']}"
        further = [action + suffix for name, suffix in _FURTHER_ACTIONS.items() if name in parameters]
        return [_need(each, resource) for each in (action, *further)]

    return needs


def _copy(parameters: Parameters) -> list[Need]:
    """A copy reads its source. Tags would need more, but our objects have none."""
    source = parameters["CopySource"]
    if isinstance(source, str):
        bucket, _, key = unquote(source).lstrip("/").partition("/")
        source = {"Bucket": bucket, "Key": key}
    return [*_on_object("s3:GetObject")(source), *_on_object("s3:PutObject")(parameters)]


def _delete_objects(parameters: Parameters) -> list[Need]:
    keys = ({"Bucket": parameters["Bucket"], **each} for each in parameters["Delete"]["Objects"])
    return [need for key in keys for need in _on_object("s3:DeleteObject")(key)]


def _invoke(parameters: Parameters) -> list[Need]:
    name = str(parameters["FunctionName"])
    return [_need("lambda:InvokeFunction", name if name.startswith("arn:") else function_arn(name))]


def _secret(parameters: Parameters) -> list[Need]:
    """The secrets use the key `aws/secretsmanager`, which needs no permission for KMS within the account."""
    return [_need("secretsmanager:GetSecretValue", secret_arn(parameters["SecretId"]))]


def _on(action: str, parameter: str) -> Callable[[Parameters], list[Need]]:
    """Need an action on the resource whose ARN is a parameter."""
    return lambda parameters: [_need(action, parameters[parameter])]


def _with_token(action: str) -> Callable[[Parameters], list[Need]]:
    """A task token does not show its state machine, and permissions cannot be limited to one."""
    return lambda _: [_need(action, "*")]


def _on_project(action: str) -> Callable[[Parameters], list[Need]]:
    return lambda parameters: [_need(action, project_arn(parameters["projectName"]))]


def _on_builds(parameters: Parameters) -> list[Need]:
    projects = {build.partition(":")[0] for build in parameters["ids"]}
    return [_need("codebuild:BatchGetBuilds", project_arn(project)) for project in projects]


OPERATIONS: dict[str, Callable[[Parameters], list[Need]]] = {
    "dynamodb:GetItem": _on_table("dynamodb:GetItem"),
    "dynamodb:PutItem": _on_table("dynamodb:PutItem"),
    "dynamodb:UpdateItem": _on_table("dynamodb:UpdateItem"),
    "dynamodb:DeleteItem": _on_table("dynamodb:DeleteItem"),
    "dynamodb:Query": _on_table("dynamodb:Query"),
    "dynamodb:Scan": _on_table("dynamodb:Scan"),
    "dynamodb:DescribeTable": _on_table("dynamodb:DescribeTable"),
    "dynamodb:BatchGetItem": _on_tables("dynamodb:BatchGetItem"),
    "dynamodb:BatchWriteItem": _on_tables("dynamodb:BatchWriteItem"),
    "dynamodb:TransactGetItems": _transaction,
    "dynamodb:TransactWriteItems": _transaction,
    "s3:AbortMultipartUpload": _on_object("s3:AbortMultipartUpload"),
    "s3:CompleteMultipartUpload": _on_object("s3:PutObject"),
    "s3:CopyObject": _copy,
    "s3:CreateMultipartUpload": _on_object("s3:PutObject"),
    "s3:DeleteObject": _on_object("s3:DeleteObject"),
    "s3:DeleteObjects": _delete_objects,
    "s3:GetObject": _on_object("s3:GetObject"),
    "s3:HeadBucket": _on_bucket("s3:ListBucket"),
    "s3:HeadObject": _on_object("s3:GetObject"),
    "s3:ListMultipartUploads": _on_bucket("s3:ListBucketMultipartUploads"),
    "s3:ListObjectsV2": _on_bucket("s3:ListBucket"),
    "s3:ListParts": _on_object("s3:ListMultipartUploadParts"),
    "s3:PutObject": _on_object("s3:PutObject"),
    "s3:UploadPart": _on_object("s3:PutObject"),
    "s3:UploadPartCopy": _copy,
    "lambda:Invoke": _invoke,
    "secrets-manager:GetSecretValue": _secret,
    "sfn:DescribeExecution": _on("states:DescribeExecution", "executionArn"),
    "sfn:SendTaskHeartbeat": _with_token("states:SendTaskHeartbeat"),
    "sfn:SendTaskSuccess": _with_token("states:SendTaskSuccess"),
    "sfn:StartExecution": _on("states:StartExecution", "stateMachineArn"),
    "codebuild:BatchGetBuilds": _on_builds,
    "codebuild:ListBuildsForProject": _on_project("codebuild:ListBuildsForProject"),
    "codebuild:StartBuild": _on_project("codebuild:StartBuild"),
}
"""By the name that botocore uses in its events. A presigned URL needs what its operation needs: the URL has the rights
of the signer."""
