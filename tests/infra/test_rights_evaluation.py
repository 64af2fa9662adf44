"""The enforcement of policies in tests evaluates them as AWS does: actions, resources and conditions."""

import json
import re
from importlib.resources import files
from typing import Any

import pytest

from tests.rights.actions import OPERATIONS, needs_of
from tests.rights.evaluation import Condition, PermittedValue, Policies, Statement
from tests.rights.needs import Need
from tests.rights.policies import machine_arn, own_policies

PARTITION = {"pk": {"S": "GROUP#1"}, "sk": {"S": "GROUP"}}
OTHER = {"pk": {"S": "JOB#1"}, "sk": {"S": "JOB"}}
LEADING_KEYS = "dynamodb:LeadingKeys"

KINDS = {
    "arn:aws:dynamodb:[^/]+/[^/]+": "table",
    "arn:aws:s3:::[^/]+": "bucket",
    "arn:aws:s3:::[^/]+/.+": "object",
    "arn:aws:lambda:.+": "function",
    "arn:aws:secretsmanager:.+": "Secret",
    "arn:aws:states:.+:stateMachine:.+": "statemachine",
    "arn:aws:states:.+:execution:.+": "execution",
    "arn:aws:codebuild:.+": "project",
}


def parameters_of(operation: str) -> dict[str, Any]:
    """Return parameters with which the needs of an operation can be computed."""
    service, _, name = operation.partition(":")
    if service == "dynamodb":
        return PARAMETERS_OF_THE_TABLE.get(name, {"TableName": "t", "Key": PARTITION})
    parameters: dict[str, Any] = {"Bucket": "b", "Key": "k", "CopySource": "b/k", "Delete": {"Objects": [{"Key": "k"}]}}
    parameters |= {"FunctionName": "f", "SecretId": "s", "projectName": "p", "ids": ["p:1"]}
    execution = "arn:aws:states:us-east-1:123456789012:execution:m:e"
    return parameters | {"stateMachineArn": machine_arn("m"), "executionArn": execution}


PARAMETERS_OF_THE_TABLE: dict[str, dict[str, Any]] = {
    "PutItem": {"TableName": "t", "Item": PARTITION},
    "Query": {
        "TableName": "t",
        "KeyConditionExpression": "#0 = :0 AND begins_with (#1, :1)",
        "ExpressionAttributeNames": {"#0": "pk", "#1": "sk"},
        "ExpressionAttributeValues": {":0": {"S": "GROUP#1"}, ":1": {"S": "ENTRY"}},
    },
    "BatchGetItem": {"RequestItems": {"t": {"Keys": [PARTITION, OTHER]}}},
    "BatchWriteItem": {"RequestItems": {"t": [{"PutRequest": {"Item": PARTITION}}, {"DeleteRequest": {"Key": OTHER}}]}},
    "TransactGetItems": {"TransactItems": [{"Get": {"TableName": "t", "Key": PARTITION}}]},
    "TransactWriteItems": {
        "TransactItems": [
            {"Put": {"TableName": "t", "Item": PARTITION}},
            {"Update": {"TableName": "t", "Key": OTHER}},
            {"Delete": {"TableName": "t", "Key": OTHER}},
            {"ConditionCheck": {"TableName": "t", "Key": PARTITION}},
        ]
    },
}


def test_the_actions_and_resources_of_operations_are_those_that_aws_lists() -> None:
    listed = json.loads(files("cfnlint").joinpath("data", "AdditionalSpecs", "Policies.json").read_text())

    for operation in OPERATIONS:
        of_service, _, name = operation.partition(":")
        for need in needs_of(of_service, name, parameters_of(operation)):
            service, _, action = need.action.partition(":")
            if need.resource == "*":
                assert not listed[service]["Actions"][action.lower()].get("Resources"), need
                continue
            [kind] = [kind for pattern, kind in KINDS.items() if re.fullmatch(pattern, need.resource)]
            assert kind in listed[service]["Actions"][action.lower()]["Resources"], need


def leading_keys(operation: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the actions that an operation on the table needs, with the partition keys of their rows."""
    needs = needs_of("dynamodb", operation, parameters_of(f"dynamodb:{operation}"))
    return [(need.action.partition(":")[2], need.context[LEADING_KEYS]) for need in needs]


@pytest.mark.parametrize("operation", ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"])
def test_an_operation_on_a_partition_has_its_key(operation: str) -> None:
    assert leading_keys(operation) == [(operation, ("GROUP#1",))]


@pytest.mark.parametrize("operation", ["BatchGetItem", "BatchWriteItem"])
def test_a_batch_has_the_keys_of_all_its_rows(operation: str) -> None:
    assert leading_keys(operation) == [(operation, ("GROUP#1", "JOB#1"))]


def test_each_part_of_a_transaction_has_its_own_key() -> None:
    assert leading_keys("TransactWriteItems") == [
        ("PutItem", ("GROUP#1",)),
        ("UpdateItem", ("JOB#1",)),
        ("DeleteItem", ("JOB#1",)),
        ("ConditionCheckItem", ("GROUP#1",)),
    ]


def test_a_scan_has_no_key() -> None:
    [need] = needs_of("dynamodb", "Scan", {"TableName": "t"})

    assert LEADING_KEYS not in need.context


def statement(
    effect: str = "Allow", action: str = "s3:Get*", resource: str = "*", condition: Condition | None = None
) -> Statement:
    return Statement(effect, (action,), (resource,), () if condition is None else (condition,))


@pytest.mark.parametrize(
    ("statements", "permitted"),
    [
        ([statement()], True),
        ([statement(action="s3:getobject")], True),
        ([statement(action="s3:Put*")], False),
        ([statement(resource="arn:aws:s3:::bucket/a?b")], True),
        ([statement(resource="arn:aws:s3:::bucket")], False),
        ([statement(resource="arn:aws:s3:::bucket/a/*/c")], False),
        ([statement(), statement("Deny")], False),
    ],
)
def test_actions_and_resources_are_compared_as_iam_does_it(statements: list[Statement], permitted: bool) -> None:
    policies = Policies({"f": tuple(statements)})

    assert (policies.use_of("f", "s3:GetObject", "arn:aws:s3:::bucket/a/b", {}) is not None) is permitted


@pytest.mark.parametrize(
    ("operator", "key", "values", "holds"),
    [
        ("StringLike", "s3:prefix", ["_staging/*"], True),
        ("StringEquals", "s3:prefix", ["_staging/*"], False),
        ("StringEquals", "s3:prefix", ["other", "_staging/1"], True),
        ("StringEquals", "aws:SourceIp", ["1.1.1.1"], False),
        ("StringLike", "aws:SourceIp", ["*"], False),
        ("Null", "s3:prefix", ["false"], True),
        ("Null", "s3:prefix", ["true"], False),
        ("Null", "aws:SourceIp", ["true"], True),
        ("ForAllValues:StringLike", LEADING_KEYS, ["GROUP#*", "JOB#*"], True),
        ("ForAllValues:StringLike", LEADING_KEYS, ["GROUP#*"], False),
        ("ForAllValues:StringLike", LEADING_KEYS, ["*B#*"], False),
        ("ForAllValues:StringEquals", LEADING_KEYS, ["GROUP#*", "JOB#*"], False),
        ("ForAllValues:StringEquals", LEADING_KEYS, ["GROUP#1", "JOB#1", "LOG#1"], True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["any"], True),
    ],
)
def test_conditions_are_evaluated_as_iam_does_it(operator: str, key: str, values: list[str], holds: bool) -> None:
    context = {"s3:prefix": ("_staging/1",), LEADING_KEYS: ("GROUP#1", "JOB#1")}

    assert Condition(operator, key, tuple(values)).holds(context) is holds


def rows(sid: str, *beginnings: str) -> Statement:
    """Return a statement that permits batches of rows."""
    condition = Condition("ForAllValues:StringLike", LEADING_KEYS, beginnings)
    return Statement("Allow", ("dynamodb:BatchGetItem",), ("*",), (condition,), sid)


def test_one_statement_must_permit_all_rows_of_a_batch() -> None:
    [batch] = needs_of("dynamodb", "BatchGetItem", parameters_of("dynamodb:BatchGetItem"))

    def permitted(*statements: Statement) -> bool:
        return Policies({"f": statements}).use_of("f", batch.action, batch.resource, batch.context) is not None

    assert permitted(rows("Both", "GROUP#*", "JOB#*"))
    assert not permitted(rows("One", "GROUP#*"), rows("Other", "JOB#*"))


def test_the_beginnings_of_keys_that_a_request_used_are_known() -> None:
    policies = Policies({"f": (rows("Rows", "GROUP#*", "LOG#*"),)})
    need = Need("dynamodb:BatchGetItem", "t", {LEADING_KEYS: ("GROUP#1", "GROUP#2")})

    use = policies.use_of("f", need.action, need.resource, need.context)

    assert use is not None
    assert use.values == {PermittedValue("f", "Rows", LEADING_KEYS, "GROUP#*")}
    assert policies.permitted_values() - use.values == {PermittedValue("f", "Rows", LEADING_KEYS, "LOG#*")}


def test_a_condition_on_rows_does_not_stop_a_request_without_a_key() -> None:
    """So an action such as Scan may not be in such a statement: see test_rights_of_roles.py."""
    scan = Statement("Allow", ("dynamodb:Scan",), ("*",), rows("Rows", "GROUP#*").conditions)
    [need] = needs_of("dynamodb", "Scan", {"TableName": "t"})

    assert Policies({"f": (scan,)}).use_of("f", need.action, need.resource, need.context) is not None


def test_an_index_is_another_resource_than_its_table() -> None:
    [need] = needs_of(
        "dynamodb", "Query", parameters_of("dynamodb:Query") | {"TableName": "bldr", "IndexName": "by-name"}
    )

    assert own_policies().use_of("APIHandler", need.action, need.resource, need.context) is None
