"""What is restored, and the names of the copies, which follow from the new stack and the time.

So a repeat of the command finds the copies that an interrupted run has begun.
"""

from datetime import UTC, datetime

from msgspec import Struct

from infra.restore.clients import client

OUTPUTS = {"table": "TableName", "bucket": "ArtifactsBucket", "builder_key": "BuilderKeySecret"}
"""The outputs of a stack by the fields of Source."""

MAX_BUCKET_NAME = 63


class NotPossible(Exception):
    """The restoration cannot go on. The text says why."""


class Source(Struct, frozen=True):
    """The resources of the stack that is restored, and its parameters."""

    table: str
    bucket: str
    builder_key: str
    parameters: dict[str, str] = {}


class Copies(Struct, frozen=True):
    """The stack that is made, its table and its bucket."""

    stack: str
    table: str
    bucket: str


def source_of(stack: str) -> Source:
    """Return the resources of a stack. Raises NotPossible, ClientError."""
    described = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", ())}
    missing = [output for output in OUTPUTS.values() if output not in outputs]
    if missing:
        raise NotPossible(f"the stack {stack} has no output {missing[0]}; name its resources with --table and others")
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", ())}
    return Source(**{field: outputs[output] for field, output in OUTPUTS.items()}, parameters=parameters)


def copies_of(source: Source, stack: str, at: datetime) -> Copies:
    """Return the names of the copies of a time. Bucket names are unique in the world, so they contain the account.

    Raises NotPossible, ClientError.
    """
    arn = client("dynamodb").describe_table(TableName=source.table)["Table"]["TableArn"]
    name = f"{stack}-{at.astimezone(UTC):%Y%m%d%H%M%S}"
    bucket = f"{name}-{arn.split(':')[4]}".lower()
    if len(bucket) > MAX_BUCKET_NAME:
        raise NotPossible(f"the name of the bucket would be {bucket}, which is too long: choose a shorter stack name")
    return Copies(stack, name, bucket)
