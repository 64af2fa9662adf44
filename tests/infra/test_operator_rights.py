"""The rights of the deploying person (infra/deploy/operator-policy.json) cover what a deployment calls and creates."""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from infra.template import REPOSITORY, read_template

POLICY = REPOSITORY / "infra" / "deploy" / "operator-policy.json"
CALLS = re.compile(r"\b_?(stacks|objects|secrets|tables)\.([a-z_]+)\(")
PAGINATED = re.compile(r'\b_?(stacks|objects|secrets|tables)\.get_paginator\("([a-z_]+)"')
SERVICES = {"stacks": "cloudformation", "objects": "s3", "secrets": "secretsmanager", "tables": "dynamodb"}
MOST_CHARACTERS = 6144
"""The limit of a managed policy, without white space."""

OF_RESOURCES = {
    "AWS::ApplicationAutoScaling": "application-autoscaling",
    "AWS::CloudFront": "cloudfront",
    "AWS::CloudWatch": "cloudwatch",
    "AWS::CodeBuild": "codebuild",
    "AWS::DynamoDB": "dynamodb",
    "AWS::EC2": "ec2",
    "AWS::ECR": "ecr",
    "AWS::ECS": "ecs",
    "AWS::ElasticLoadBalancingV2": "elasticloadbalancing",
    "AWS::Events": "events",
    "AWS::IAM": "iam",
    "AWS::KMS": "kms",
    "AWS::Lambda": "lambda",
    "AWS::Logs": "logs",
    "AWS::S3": "s3",
    "AWS::SNS": "sns",
    "AWS::SQS": "sqs",
    "AWS::SecretsManager": "secretsmanager",
    "AWS::StepFunctions": "states",
}


def statements() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(POLICY.read_text())["Statement"]
    return found


def actions() -> list[str]:
    listed = [each["Action"] for each in statements()]
    return [action for each in listed for action in ([each] if isinstance(each, str) else each)]


def calls() -> set[str]:
    """Return the actions of the calls in the commands."""
    texts = [
        path.read_text() for folder in ("deploy", "rotate") for path in (REPOSITORY / "infra" / folder).glob("*.py")
    ]
    found = {each for text in texts for pattern in (CALLS, PAGINATED) for each in pattern.findall(text)}
    return {f"{SERVICES[client]}:{_operation(name)}" for client, name in found if name != "get_paginator"}


def _operation(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def test_every_call_of_the_commands_is_permitted() -> None:
    used = calls()

    assert {"cloudformation:ExecuteChangeSet", "dynamodb:DeleteTable", "s3:PutBucketPolicy"} <= used
    assert not [action for action in used if not any(fnmatchcase(action, pattern) for pattern in actions())]


def test_every_action_on_stacks_is_used() -> None:
    granted = {action for action in actions() if action.startswith("cloudformation:")}

    assert granted == {action for action in calls() if action.startswith("cloudformation:")}


def test_every_kind_of_resource_can_be_created() -> None:
    kinds = {each["Type"].rpartition("::")[0] for each in read_template()["Resources"].values() if "Type" in each}

    for kind in kinds:
        assert any(action.startswith(f"{OF_RESOURCES[kind]}:") for action in actions()), kind


@pytest.mark.parametrize("kind", ["AWS::SecretsManager::Secret"])
def test_the_names_of_all_secrets_are_covered(kind: str) -> None:
    """CloudFormation names a secret after its logical id."""
    [patterns] = [each["Resource"] for each in statements() if each["Sid"] == "Secrets"]
    names = [name for name, each in read_template()["Resources"].items() if each.get("Type") == kind]

    for name in names:
        arn = f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{name}-AbCdEf012345"
        assert any(fnmatchcase(arn, pattern) for pattern in patterns), name


def test_rights_that_cannot_be_limited_to_resources_are_not() -> None:
    """CloudFormation calls GetRandomPassword for the key of the distribution. AWS lists no resource for it."""
    [unlimited] = [each["Action"] for each in statements() if each["Sid"] == "WithoutResource"]

    assert "secretsmanager:GetRandomPassword" in unlimited


def test_the_policy_fits_into_a_managed_policy() -> None:
    assert len(re.sub(r"\s", "", POLICY.read_text())) <= MOST_CHARACTERS
