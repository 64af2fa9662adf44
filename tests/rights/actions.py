"""The IAM actions that each AWS operation needs, from AWS's service authorization reference.

A test compares the actions with cfn-lint's copy of AWS's list. An operation that is missing here fails the test that
uses it.
"""

from collections.abc import Callable
from urllib.parse import unquote

from tests.rights import table_needs
from tests.rights.needs import Need, OperationUnmapped, Parameters, need
from tests.rights.policies import bucket_arn, function_arn, project_arn, secret_arn


def needs_of(service: str, operation: str, parameters: Parameters) -> list[Need]:
    """Return what an operation needs permission for. Raises OperationUnmapped."""
    declared = OPERATIONS.get(f"{service}:{operation}")
    if declared is None:
        raise OperationUnmapped(f"{service}:{operation}")
    return declared(parameters)


def not_found_needs(service: str, operation: str, parameters: Parameters) -> list[Need]:
    """Return what S3 demands before it answers 404 for a missing object; without it the answer is 403."""
    if service == "s3" and operation in ("GetObject", "HeadObject"):
        return [need("s3:ListBucket", bucket_arn(parameters["Bucket"]))]
    return []


_LIST_KEYS = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter"}
"""The condition keys of a request for a list of objects, by its parameters."""


def _on_bucket(action: str) -> Callable[[Parameters], list[Need]]:
    def needs(parameters: Parameters) -> list[Need]:
        keys = {key: parameters[name] for name, key in _LIST_KEYS.items() if name in parameters}
        return [need(action, bucket_arn(parameters["Bucket"]), **keys)]

    return needs


_FURTHER_ACTIONS = {"VersionId": "Version", "Tagging": "Tagging", "ACL": "Acl"}
"""Parameters that need an action of their own: `s3:GetObjectVersion`, `s3:PutObjectTagging`, …"""


def _on_object(action: str) -> Callable[[Parameters], list[Need]]:
    def needs(parameters: Parameters) -> list[Need]:
        resource = f"{bucket_arn(parameters['Bucket'])}/{parameters['Key']}"
        further = [action + suffix for name, suffix in _FURTHER_ACTIONS.items() if name in parameters]
        return [need(each, resource) for each in (action, *further)]

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
    return [each for key in keys for each in _on_object("s3:DeleteObject")(key)]


def _invoke(parameters: Parameters) -> list[Need]:
    name = str(parameters["FunctionName"])
    return [need("lambda:InvokeFunction", name if name.startswith("arn:") else function_arn(name))]


def _secret(parameters: Parameters) -> list[Need]:
    """The secrets use the key `aws/secretsmanager`, which needs no permission for KMS within the account."""
    return [need("secretsmanager:GetSecretValue", secret_arn(parameters["SecretId"]))]


def _on(action: str, parameter: str) -> Callable[[Parameters], list[Need]]:
    """Need an action on the resource whose ARN is a parameter."""
    return lambda parameters: [need(action, parameters[parameter])]


def _with_token(action: str) -> Callable[[Parameters], list[Need]]:
    """A task token does not show its state machine, and AWS lists no resource for these actions."""
    return lambda _: [need(action, "*")]


def _on_project(action: str) -> Callable[[Parameters], list[Need]]:
    return lambda parameters: [need(action, project_arn(parameters["projectName"]))]


def _on_builds(parameters: Parameters) -> list[Need]:
    projects = {build.partition(":")[0] for build in parameters["ids"]}
    return [need("codebuild:BatchGetBuilds", project_arn(project)) for project in projects]


OPERATIONS: dict[str, Callable[[Parameters], list[Need]]] = {
    "dynamodb:GetItem": table_needs.on_row("dynamodb:GetItem"),
    "dynamodb:PutItem": table_needs.on_row("dynamodb:PutItem"),
    "dynamodb:UpdateItem": table_needs.on_row("dynamodb:UpdateItem"),
    "dynamodb:DeleteItem": table_needs.on_row("dynamodb:DeleteItem"),
    "dynamodb:Query": table_needs.query,
    "dynamodb:Scan": table_needs.on_table("dynamodb:Scan"),
    "dynamodb:DescribeTable": table_needs.on_table("dynamodb:DescribeTable"),
    "dynamodb:BatchGetItem": table_needs.batch_get,
    "dynamodb:BatchWriteItem": table_needs.batch_write,
    "dynamodb:TransactGetItems": table_needs.transaction,
    "dynamodb:TransactWriteItems": table_needs.transaction,
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
