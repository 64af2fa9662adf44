"""The IAM policies of the deployed functions, read from a template, with the names that resources have in tests."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from infra.template import read_template
from tests.rights.evaluation import OPERATORS, Condition, Policies, Statement

REGION, ACCOUNT = "us-east-1", "123456789012"
FUNCTION_TYPES = ("AWS::Lambda::Function", "AWS::Serverless::Function")
NAMES = {
    "BLDR_TABLE": "bldr",
    "BLDR_BUCKET": "bldr-artifacts",
    "BLDR_BUILDER_KEY_SECRET": "bldr-builder-key",
    "BLDR_CDN_KEY_SECRET": "bldr-cdn-signing-key",
}
"""The physical names in tests, by the variable that passes a name to the functions. Other resources are called like
their logical ids."""


def policies_of(template: Mapping[str, Any]) -> Policies:
    """Return the policies of the functions of a template, our own or a packaged one, including conditional ones."""
    resources = template["Resources"]
    settings = template.get("Globals", {"Function": {"Environment": {"Variables": {}}}})["Function"]["Environment"][
        "Variables"
    ]
    arns = _arns(resources, settings | resources["APIHandler"]["Properties"]["Environment"]["Variables"])
    return Policies(
        {
            function: tuple(_statement(each, arns) for document in documents_of(resources, role) for each in document)
            for function, role in roles_of(resources).items()
        }
    )


def own_policies() -> Policies:
    """Return the policies of infra/resources. A test of the packaging compares them with the packaged ones."""
    return policies_of(read_template())


def roles_of(resources: Mapping[str, Any]) -> dict[str, str]:
    """Return the role of each function. Our own template lacks the reference, which Chalice adds: names must match."""
    functions = {
        name: one["Properties"]
        for name, one in resources.items()
        if one.get("Type") in FUNCTION_TYPES or ("Type" not in one and "LoggingConfig" in one["Properties"])
    }
    by_name = {name.lower(): name for name in resources}
    return {
        name: properties["Role"]["Fn::GetAtt"][0] if "Role" in properties else by_name[f"{name.lower()}role"]
        for name, properties in functions.items()
    }


def documents_of(resources: Mapping[str, Any], role: str) -> Iterable[list[Any]]:
    """Yield the statements of each policy of a role."""
    for inline in resources[role]["Properties"].get("Policies", ()):
        yield inline["PolicyDocument"]["Statement"]
    for one in resources.values():
        if one.get("Type") == "AWS::IAM::Policy" and {"Ref": role} in one["Properties"]["Roles"]:
            yield one["Properties"]["PolicyDocument"]["Statement"]


def _statement(statement: Mapping[str, Any], arns: Mapping[str, str]) -> Statement:
    conditions = tuple(
        Condition(operator, key, tuple(as_list(values)))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )
    for condition in conditions:
        if condition.operator not in OPERATORS:
            raise NotImplementedError(f"condition {condition.operator} of {condition.key}")
    resources = tuple(_resolved(each, arns) for each in as_list(statement["Resource"]))
    actions = tuple(as_list(statement["Action"]))
    return Statement(statement["Effect"], actions, resources, conditions, statement.get("Sid", ""))


def as_list(value: Any) -> list[Any]:
    """Return the values of an element of a policy, which may be one value or a list."""
    return value if isinstance(value, list) else [value]


def _arns(resources: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, str]:
    """Return the ARN of each resource in tests, by its logical id."""
    names = {name: name for name in resources}
    for variable, value in variables.items():
        for reference in re.findall(r"'Ref': '(\w+)'", str(value)):
            if reference in names and (variable in os.environ or variable in NAMES):
                names[reference] = os.environ.get(variable) or NAMES[variable]
    kinds = {
        "AWS::DynamoDB::Table": table_arn,
        "AWS::S3::Bucket": bucket_arn,
        "AWS::SecretsManager::Secret": secret_arn,
        "AWS::Logs::LogGroup": log_group_arn,
        "AWS::StepFunctions::StateMachine": machine_arn,
        "AWS::CodeBuild::Project": project_arn,
    }
    return {name: kinds.get(one.get("Type", ""), function_arn)(names[name]) for name, one in resources.items()}


def table_arn(name: str) -> str:
    """Return the ARN of a table."""
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def bucket_arn(name: str) -> str:
    """Return the ARN of a bucket."""
    return f"arn:aws:s3:::{name}"


def secret_arn(name: str) -> str:
    """Return the ARN of a secret, whose last six characters are random in AWS."""
    return name if name.startswith("arn:") else f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"


def log_group_arn(name: str) -> str:
    """Return the ARN of a log group."""
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"


def function_arn(name: str) -> str:
    """Return the ARN of a function."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def machine_arn(name: str) -> str:
    """Return the ARN of a state machine."""
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"


def project_arn(name: str) -> str:
    """Return the ARN of a project of CodeBuild."""
    return f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{name}"


PSEUDO_PARAMETERS = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}


def _resolved(value: Any, arns: Mapping[str, str]) -> str:
    """Return a resource of a statement with its references resolved."""
    match value:
        case str():
            return value
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]}:
            return arns[name]
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([\w:]+)(?:\.(\w+))?\}", lambda match: _attribute(match[1], match[2], arns), text)
    raise NotImplementedError(f"resource {value}")


def _attribute(name: str, attribute: str | None, arns: Mapping[str, str]) -> str:
    if name in PSEUDO_PARAMETERS:
        return PSEUDO_PARAMETERS[name]
    return arns[name].rpartition(":")[2] if attribute == "Name" else arns[name]
