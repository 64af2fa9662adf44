"""A stack around the copies of a table and a bucket: its templates, and the order of its steps."""

from types import SimpleNamespace
from typing import Any

import pytest

from infra.restore import new_stack
from infra.restore.clients import client
from infra.restore.excerpt import excerpt
from infra.restore.new_stack import BUCKET, SECRET, TABLE, import_template
from infra.restore.source import Copies, NotPossible, Source
from infra.template import read_template
from tests.builders.names import a_name
from tests.servers import Server, aws


def test_the_import_has_only_what_a_restored_table_and_a_new_bucket_are() -> None:
    resources = import_template()["Resources"]

    assert resources.keys() == {TABLE, BUCKET}
    assert all(resource["DeletionPolicy"] == "Retain" for resource in resources.values())
    assert resources[TABLE]["Properties"].keys() == {
        "BillingMode",
        "AttributeDefinitions",
        "KeySchema",
        "SSESpecification",
    }
    assert "Properties" not in resources[BUCKET]
    assert import_template().keys() == {"AWSTemplateFormatVersion", "Resources"}


def test_the_settings_are_those_of_the_template() -> None:
    part, whole = excerpt([TABLE, BUCKET, SECRET]), read_template()

    assert part["Resources"] == {name: whole["Resources"][name] for name in (TABLE, BUCKET, SECRET)}
    assert part["Outputs"].keys() == {"TableName", "ArtifactsBucket", "BuilderKeySecret"}
    assert part["Parameters"].keys() == {"LogDays", "RestoreDays"}
    assert part["Conditions"].keys() == {"DeletesLogs"}


def test_neither_the_table_nor_the_bucket_has_a_name_in_the_template() -> None:
    """A deployment of another name would replace the imported resource."""
    assert "TableName" not in read_template()["Resources"][TABLE]["Properties"]
    assert "BucketName" not in read_template()["Resources"][BUCKET]["Properties"]


class CloudFormation:
    """A double of CloudFormation that has one stack and notes what is requested."""

    def __init__(self, **resources: str) -> None:
        self.resources, self.requests = resources, list[str]()

    def get_paginator(self, _: str) -> "CloudFormation":
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        every = [{"LogicalResourceId": name, "PhysicalResourceId": each} for name, each in self.resources.items()]
        return [{"StackResourceSummaries": every}]

    def get_waiter(self, name: str) -> Any:
        self.requests.append(f"wait {name}")
        return SimpleNamespace(wait=lambda **_: None)

    def create_change_set(self, **request: Any) -> dict[str, str]:
        self.requests.append(request["ChangeSetType"])
        for each in request["ResourcesToImport"]:
            (self.resources[each["LogicalResourceId"]],) = each["ResourceIdentifier"].values()
        return {"Id": "id"}

    def execute_change_set(self, **_: str) -> None:
        self.requests.append("execute")

    def update_stack(self, **request: Any) -> None:
        self.requests.append("update " + ", ".join(each["ParameterKey"] for each in request["Parameters"]))
        self.resources[SECRET] = "copy-key"

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        return {"Stacks": [{"Outputs": [{"OutputKey": "BuilderKeySecret", "OutputValue": "copy-key"}]}]}


SOURCE = Source("table", "bucket", "key", parameters={"RestoreDays": "7", "LogDays": "3", "WorkerImage": "image"})
COPIES = Copies("drill", "drill-1", "drill-1-123")
UPDATE = ["update LogDays, RestoreDays", "wait stack_update_complete"]


@pytest.fixture
def copied_secrets(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The secrets that were copied."""
    secrets: list[tuple[str, str]] = []
    monkeypatch.setattr(new_stack, "copy_secret", lambda source, copy: secrets.append((source, copy)))
    return secrets


def create(monkeypatch: pytest.MonkeyPatch, **resources: str) -> CloudFormation:
    """Create the stack if a stack of its name has some resources."""
    double = CloudFormation(**resources)
    monkeypatch.setattr(new_stack, "client", lambda _: double)
    new_stack.create(SOURCE, COPIES)
    return double


def test_copies_are_imported_then_get_their_settings_and_the_builder_key(
    monkeypatch: pytest.MonkeyPatch, copied_secrets: list[tuple[str, str]]
) -> None:
    done = create(monkeypatch)

    assert done.requests == [
        "IMPORT",
        "wait change_set_create_complete",
        "execute",
        "wait stack_import_complete",
        *UPDATE,
    ]
    assert done.resources == {TABLE: "drill-1", BUCKET: "drill-1-123", SECRET: "copy-key"}
    assert copied_secrets == [("key", "copy-key")]


@pytest.mark.usefixtures("copied_secrets")
def test_a_repeat_does_not_import_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert create(monkeypatch, Table="drill-1", Artifacts="drill-1-123").requests == UPDATE


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"Table": "drill-1", "APIHandler": "f"}, "is deployed already: it has APIHandler"),
        ({"Table": "other"}, "has other instead of drill-1"),
        ({"Queue": "q"}, "is deployed already: it has Queue"),
    ],
)
def test_a_stack_of_something_else_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, str], message: str
) -> None:
    with pytest.raises(NotPossible, match=message):
        create(monkeypatch, **resources)


def test_a_secret_is_copied_once_and_never_replaced(engine: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", engine.url)
    client.cache_clear()
    secrets, names = aws("secretsmanager", engine.url), [a_name("secret") for _ in range(3)]
    secrets.create_secret(Name=names[0], SecretString="key")
    secrets.create_secret(Name=names[1])
    secrets.create_secret(Name=names[2], SecretString="other")

    new_stack.copy_secret(names[0], names[1])
    new_stack.copy_secret(names[0], names[1])

    assert secrets.get_secret_value(SecretId=names[1])["SecretString"] == "key"
    with pytest.raises(NotPossible, match="has another builder key"):
        new_stack.copy_secret(names[0], names[2])
    assert secrets.get_secret_value(SecretId=names[2])["SecretString"] == "other"
    client.cache_clear()


def test_an_excerpt_has_what_its_resources_refer_to() -> None:
    part = excerpt(["ArtifactsOnlyByTls"])

    assert part["Conditions"].keys() == {"HasCdn", "HasCdnKeyA", "HasCdnKeyB"}
    assert part["Parameters"].keys() >= {"CdnPublicKey", "CdnPublicKeyB"}
    assert part["Outputs"] == {}
