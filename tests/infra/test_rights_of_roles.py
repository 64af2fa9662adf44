"""Each role of the template may do what it needs on what it needs, and only its own service may assume it."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest

from infra.template import REPOSITORY, properties, read_template
from tests.rights import overview
from tests.rights.policies import as_list, documents_of

ALL_ROWS = {"ApiHandlerRole": "its operations read and write every kind of row"}
"""The roles whose rights on the table are not limited to the rows of some partition keys."""

ON_EVERYTHING = {
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "states:SendTaskHeartbeat",
    "states:SendTaskSuccess",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""Actions on the resource `*`, because AWS lists no resource for them."""

ON_ROWS = {
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
}
"""The actions whose requests always have partition keys, so that a condition on them cannot be avoided."""

POLICY_CHARACTERS = 10_240
"""The limit for all inline policies of a role together, without white space."""

TRUSTED = {
    "GroupMachineRole": ("states", "states", "stateMachine:${AWS::StackName}-groups"),
    "JobMachineRole": ("states", "states", "stateMachine:${AWS::StackName}-jobs"),
    "LongChangeMachineRole": ("states", "states", "stateMachine:${AWS::StackName}-long-changes"),
    "GatewayStartRole": ("ecs-tasks", "ecs", "*"),
    "WorkerRole": ("codebuild", "codebuild", "project/${AWS::StackName}-worker"),
}
"""The service that assumes each role that is not of a function, and the resource on whose behalf it does."""

RESOURCES: dict[str, Any] = read_template()["Resources"]
TABLE = {"Fn::GetAtt": ["Table", "Arn"]}
STATEMENTS = [
    pytest.param(role, statement, id=f"{role}-{statement.get('Sid', number)}")
    for role in sorted(overview.all_roles())
    for number, statement in enumerate(each for document in documents_of(RESOURCES, role) for each in document)
]
ON_TABLE = [each for each in STATEMENTS if TABLE in as_list(each.values[1]["Resource"])]  # type: ignore[index]  # pytest types values as objects


def test_every_role_is_in_the_table_of_roles() -> None:
    unknown = overview.all_roles() ^ set(overview.PURPOSES)

    assert unknown == set(), (
        "Say in PURPOSES of tests/rights/overview.py what these roles are for, or remove them there. A new function "
        "gets statements with conditions on the rows that it needs (ReadRows, WriteRows, …), and a test that uses "
        "every right (tests/infra/test_rights.py). Then run `python -m tests.rights.overview`."
    )


def test_the_document_shows_the_rights_of_the_template() -> None:
    shown = overview.in_document(overview.DOCUMENT.read_text())

    assert shown == overview.table(), "Run `python -m tests.rights.overview`, and review the change of the table."


@pytest.mark.parametrize(("role", "statement"), STATEMENTS)
def test_a_statement_names_actions_and_resources(role: str, statement: Mapping[str, Any]) -> None:
    listed = json.loads(files("cfnlint").joinpath("data", "AdditionalSpecs", "Policies.json").read_text())
    actions = as_list(statement["Action"])

    assert statement["Effect"] == "Allow"
    assert not any("*" in action for action in actions)
    if statement["Resource"] != "*":
        assert all(_is_limited(resource) for resource in as_list(statement["Resource"]))
        return
    assert set(actions) <= ON_EVERYTHING, "Name the resource, or add the action with AWS's reason."
    for action in actions:
        service, _, name = action.partition(":")
        assert "Resources" not in listed[service]["Actions"][name.lower()], f"AWS has resources for {action}"


def _is_limited(resource: Any) -> bool:
    """Return whether a resource is one of the template, or a part of one."""
    text = resource.get("Fn::Sub") if isinstance(resource, dict) else resource
    if text is None:
        return next(iter(resource)) in ("Ref", "Fn::GetAtt")
    own = re.match(r"\$\{Artifacts\.Arn\}/(\w+/)?\*|\$\{Artifacts\.Arn\}/\*\.hart", text)
    of_execution = re.fullmatch(r"arn:.+:execution:\$\{GroupMachine\.Name\}:\*", text)
    of_repository = re.fullmatch(r"arn:.+:repository/\$\{WorkerRepository\}", text)
    return text != "${Artifacts.Arn}/*" and bool(own or of_execution or of_repository)


@pytest.mark.parametrize(("role", "statement"), ON_TABLE)
def test_rights_on_rows_are_limited_by_partition_keys(role: str, statement: Mapping[str, Any]) -> None:
    kinds = set(re.findall(r"`([A-Z-]+)#", (REPOSITORY / "docs" / "ARCHITECTURE.md").read_text()))

    assert set(as_list(statement["Action"])) <= ON_ROWS
    assert statement["Resource"] == TABLE
    if role in ALL_ROWS:
        assert "Condition" not in statement
        return
    [(operator, condition)] = statement["Condition"].items()
    keys = condition[overview.LEADING_KEYS]
    assert (operator, len(condition)) == ("ForAllValues:StringLike", 1)
    assert keys == sorted(set(keys))
    assert all(key.endswith("#*") and key.removesuffix("#*") in kinds for key in keys), keys


def test_one_statement_permits_an_action_on_rows() -> None:
    """AWS demands that one statement permits all rows of a batch."""
    for role in overview.all_roles() - set(ALL_ROWS):
        on_rows = [each.values[1] for each in ON_TABLE if each.values[0] == role]
        actions = Counter(action for statement in on_rows for action in as_list(statement["Action"]))  # type: ignore[index]  # as above

        assert all(number == 1 for number in actions.values()), f"{role}: {actions}"


@pytest.mark.parametrize("role", sorted(overview.all_roles()))
def test_the_policies_of_a_role_are_small_enough(role: str) -> None:
    text = json.dumps([_lengthened(document) for document in documents_of(RESOURCES, role)], separators=(",", ":"))

    assert len(text) < POLICY_CHARACTERS


def _lengthened(value: Any) -> Any:
    """Return a part of a policy with references as long as the longest ARNs."""
    match value:
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Sub": _}:
            return "x" * 160
        case dict():
            return {key: _lengthened(each) for key, each in value.items()}
        case list():
            return [_lengthened(each) for each in value]
    return value


def test_the_roles_that_are_not_of_functions_are_known() -> None:
    assert {name for name, one in RESOURCES.items() if one.get("Type") == "AWS::IAM::Role"} == set(TRUSTED), (
        "Add the role with the service that assumes it, and the resource on whose behalf. Chalice makes the roles of "
        "functions: Lambda passes no resource when it assumes them."
    )


@pytest.mark.parametrize("role", TRUSTED)
def test_a_service_assumes_a_role_only_for_its_own_resource(role: str) -> None:
    principal, service, resource = TRUSTED[role]
    arn = f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"

    assert properties(role)["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": f"{principal}.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                "ArnLike": {"aws:SourceArn": {"Fn::Sub": arn}},
            },
        }
    ]


def test_only_workers_with_a_repository_of_the_account_may_pull_from_it() -> None:
    statements = [statement for document in documents_of(RESOURCES, "WorkerRole") for statement in document]
    of_logs, *of_images = statements

    assert of_logs["Resource"] == {"Fn::GetAtt": ["WorkerLogs", "Arn"]}
    assert as_list(of_logs["Action"]) == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert all(as_list(statement["Action"])[0].startswith("ecr:") for statement in of_images)
    assert RESOURCES["WorkerPullsImage"]["Condition"] == "HasWorkerRepository"


def test_the_bucket_refuses_plain_http_and_lets_only_the_distribution_read_archives() -> None:
    refused, *of_distribution = properties("ArtifactsOnlyByTls")["PolicyDocument"]["Statement"]
    allowed = [each["Fn::If"][1] for each in of_distribution]

    assert (refused["Effect"], refused["Principal"], refused["Action"]) == ("Deny", "*", "s3:*")
    assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert all(each["Fn::If"][0] == "HasCdn" for each in of_distribution)
    assert all(each["Principal"] == {"Service": "cloudfront.amazonaws.com"} for each in allowed)
    assert all("aws:SourceArn" in each["Condition"]["StringEquals"] for each in allowed)
    assert [(each["Action"], each["Resource"]) for each in allowed] == [
        ("s3:GetObject", {"Fn::Sub": "${Artifacts.Arn}/*.hart"}),
        ("s3:ListBucket", {"Fn::GetAtt": ["Artifacts", "Arn"]}),
    ]


PUBLIC = {"ApiUrlPermission", "ApiUrlInvokePermission"}
"""The permissions of the URL of the API. Every request has its own credentials, so the URL itself is public."""


def _permissions() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, one in RESOURCES.items():
        if one.get("Type") == "AWS::Lambda::Permission":
            yield name, one["Properties"]


def test_only_the_url_of_the_api_is_public() -> None:
    public = {name: permission for name, permission in _permissions() if permission["Principal"] == "*"}

    assert set(public) == PUBLIC
    assert all(each["FunctionName"] == {"Ref": "APIHandler"} for each in public.values())
    assert public["ApiUrlPermission"]["Action"] == "lambda:InvokeFunctionUrl"
    assert public["ApiUrlInvokePermission"]["InvokedViaFunctionUrl"] is True


def test_a_function_is_invoked_only_for_a_resource_of_the_account() -> None:
    for name, permission in _permissions():
        if name in PUBLIC:
            continue
        assert permission["Action"] == "lambda:InvokeFunction", name
        assert "SourceArn" in permission, name
        assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}, name


def test_the_rule_of_executions_reaches_the_function_that_reconciles_them() -> None:
    targets = [each["Arn"] for each in properties("ReconcileRule")["Targets"]]

    assert targets == [{"Fn::GetAtt": ["Reconcile", "Arn"]}]
