"""The calls of AWS that a deployment makes, with boto3. Decisions are elsewhere."""

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.deploy.problems import code_of

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


def endpoint() -> str | None:
    """Return the URL of the stand-in for AWS, or None for AWS itself."""
    return os.environ.get("AWS_ENDPOINT_URL")


def use_stand_in() -> None:
    """Complete the environment for a stand-in: it accepts any region and credentials, and none may be configured."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    if boto3.Session().get_credentials() is None:
        os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")


class Account:
    """An AWS account in a region, as the operator's credentials reach it."""

    def __init__(self) -> None:
        self._session = boto3.Session()
        self._s3_config = Config(s3={"addressing_style": "path"} if endpoint() else None, signature_version="s3v4")

    @cached_property
    def id(self) -> str:
        """Number of the account."""
        return str(self._session.client("sts").get_caller_identity()["Account"])

    @property
    def region(self) -> str:
        """Region of the account. The clients raise NoRegionError if none is set."""
        return str(self.stacks.meta.region_name)

    @cached_property
    def stacks(self) -> Any:
        """Client of CloudFormation."""
        return self._session.client("cloudformation")

    @cached_property
    def objects(self) -> Any:
        """Client of S3."""
        return self._session.client("s3", config=self._s3_config)

    @cached_property
    def secrets(self) -> Any:
        """Client of Secrets Manager."""
        return self._session.client("secretsmanager")

    @cached_property
    def tables(self) -> Any:
        """Client of DynamoDB."""
        return self._session.client("dynamodb")

    def stack(self, name: str) -> dict[str, Any] | None:
        """Return a stack, or None if there is none."""
        try:
            found: dict[str, Any] = self.stacks.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as problem:
            if code_of(problem) == "ValidationError" and "does not exist" in str(problem):
                return None
            raise
        return found

    def events(self, stack: str) -> Iterator[dict[str, Any]]:
        """Return the events of a stack, newest first."""
        for page in self.stacks.get_paginator("describe_stack_events").paginate(StackName=stack):
            yield from page["StackEvents"]

    def change_set(self, name: str) -> dict[str, Any]:
        """Return a change set with all of its changes."""
        pages = self.stacks.get_paginator("describe_change_set").paginate(ChangeSetName=name)
        described: dict[str, Any] = {}
        for page in pages:
            described = {**page, "Changes": [*described.get("Changes", ()), *page.get("Changes", ())]}
        return described

    def create_change_set(self, stack: str, name: str, kind: str, **options: Any) -> str:
        """Create a change set and return its ARN. `kind` is CREATE or UPDATE."""
        created = self.stacks.create_change_set(
            StackName=stack, ChangeSetName=name, ChangeSetType=kind, Capabilities=CAPABILITIES, **options
        )
        return str(created["Id"])

    def secret_value(self, secret: str) -> str | None:
        """Return the text of a secret, or None if it is missing, has no value or an empty one."""
        try:
            return str(self.secrets.get_secret_value(SecretId=secret)["SecretString"]) or None
        except self.secrets.exceptions.ResourceNotFoundException:
            return None

    def template_url(self, bucket: str, key: str) -> str:
        """Return the URL under which CloudFormation reads an object: https, and the bucket in the region's host."""
        if endpoint():
            return f"{endpoint()}/{bucket}/{key}"
        suffix = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"https://{bucket}.s3.{self.region}.{suffix}/{key}"


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return the outputs of a stack by name."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}


def parameters_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a stack by name."""
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", ())}
