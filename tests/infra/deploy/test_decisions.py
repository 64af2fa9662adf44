"""The decisions of a deployment that need no AWS: states, changes, answers, history, messages."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from infra.deploy import changes, history
from infra.deploy.answers import Answers, parameters_of, read_answers
from infra.deploy.artifacts import code_bucket_name, with_code
from infra.deploy.code_bucket import only_by_tls
from infra.deploy.problems import NotPossible, explained
from infra.deploy.progress import Progress
from infra.deploy.states import Step, decide


@pytest.mark.parametrize(
    ("status", "step"),
    [
        (None, Step.CREATE),
        ("DELETE_COMPLETE", Step.CREATE),
        ("REVIEW_IN_PROGRESS", Step.CREATE),
        ("CREATE_IN_PROGRESS", Step.WAIT),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Step.WAIT),
        ("DELETE_IN_PROGRESS", Step.WAIT),
        ("CREATE_COMPLETE", Step.UPDATE),
        ("UPDATE_COMPLETE", Step.UPDATE),
        ("UPDATE_ROLLBACK_COMPLETE", Step.UPDATE),
        ("ROLLBACK_COMPLETE", Step.DELETE_FIRST),
        ("UPDATE_ROLLBACK_FAILED", Step.REFUSE),
        ("UPDATE_FAILED", Step.REFUSE),
        ("DELETE_FAILED", Step.REFUSE),
        ("NEW_STATE", Step.REFUSE),
    ],
)
def test_each_state_has_a_step(status: str | None, step: Step) -> None:
    decision = decide(status, "bldr-dev", "dev")

    assert decision.step is step
    assert decision.text or step in (Step.CREATE, Step.UPDATE)


def test_a_failed_way_back_names_the_command() -> None:
    text = decide("UPDATE_ROLLBACK_FAILED", "bldr-dev", "dev").text

    assert "aws cloudformation continue-update-rollback --stack-name bldr-dev" in text


def a_change(action: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"ResourceChange": {"Action": action, "LogicalResourceId": "X", "ResourceType": kind, **more}}


TABLE, BUCKET, SECRET = "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret"


@pytest.mark.parametrize(
    ("change", "danger"),
    [
        (a_change("Modify", TABLE, Replacement="True"), "REPLACES TABLE"),
        (a_change("Remove", TABLE, PolicyAction="Retain"), "REMOVES TABLE"),
        (a_change("Remove", BUCKET), "REMOVES BUCKET"),
        (a_change("Modify", SECRET, Replacement="True"), "REPLACES SECRET"),
        (a_change("Remove", SECRET), "REMOVES SECRET"),
        (a_change("Remove", SECRET, PolicyAction="Retain"), None),
        (a_change("Add", TABLE), None),
        (a_change("Modify", TABLE, Replacement="False"), None),
        (a_change("Modify", "AWS::Lambda::Function", Replacement="True"), None),
    ],
)
def test_what_loses_data_is_named(change: dict[str, Any], danger: str | None) -> None:
    [parsed] = changes.parse([change])

    assert parsed.danger == danger
    assert (danger is None) == (changes.dangers([parsed]) == [])
    assert changes.dangers([parsed], allowed=["X"]) == []


@pytest.mark.parametrize(("name", "danger"), [("BucketName", "MAY REPLACE BUCKET"), ("LifecycleConfiguration", None)])
def test_a_conditional_change_is_dangerous_if_the_property_can_replace_the_resource(
    name: str, danger: str | None
) -> None:
    details = [{"Target": {"Name": name}, "Evaluation": "Dynamic"}]

    [parsed] = changes.parse([a_change("Modify", BUCKET, Replacement="Conditional", Details=details)])

    assert parsed.danger == danger


def test_what_only_follows_other_changes_is_counted() -> None:
    rule = a_change(
        "Modify",
        "AWS::Events::Rule",
        Replacement="Conditional",
        Details=[{"Target": {"Name": "Targets"}, "Evaluation": "Dynamic"}],
    )

    text = changes.described(changes.parse([rule, a_change("Modify", TABLE)]))

    assert text.splitlines()[-1].strip() == "1 to change, 1 to follow"
    assert "AWS::Events::Rule" not in text


def test_options_come_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "dev.toml"
    file.write_text(
        '[parameters]\nLogDays = 90\nBuildOnUpload = false\n[first_account]\nname = "alice"\norigin = "acme"\n'
        "[downloads]\ncdn = true\n"
    )

    answers = Answers(parameters={"LogDays": "30"}, name="bob").over(read_answers(file, needed=True))

    assert answers == Answers({"LogDays": "30", "BuildOnUpload": "false"}, "bob", None, "acme", True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[parameters", "is not TOML"),
        ("[secrets]", "unknown section 'secrets'"),
        ("[first_account]\npassword = 1", "unknown entry 'password'"),
        ('[downloads]\ncdn = "yes"', "`cdn` must be true or false"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "dev.toml"
    file.write_text(text)

    with pytest.raises(NotPossible, match=says):
        read_answers(file, needed=False)


def test_a_file_that_was_named_must_exist(tmp_path: Path) -> None:
    assert read_answers(tmp_path / "none", needed=False) == Answers()
    with pytest.raises(NotPossible, match="cannot be read"):
        read_answers(tmp_path / "none", needed=True)


def test_an_option_without_a_value_is_refused() -> None:
    assert parameters_of(["A=b=c"]) == {"A": "b=c"}
    with pytest.raises(NotPossible, match="write NAME=VALUE"):
        parameters_of(["A"])


def test_the_history_has_an_entry_for_each_change() -> None:
    now = datetime(2026, 11, 28, tzinfo=UTC)
    one = history.recorded([], "t1", {"A": "1"}, now)
    same = history.recorded(history.parse(one), "t1", {"A": "1"}, now)
    two = history.recorded(history.parse(same), "t2", {"A": "1"}, now)

    assert same == one
    assert history.previous(history.parse(one)) is None
    previous = history.previous(history.parse(two))
    assert previous is not None
    assert previous.template == "t1"


def test_every_mention_of_the_archive_is_replaced() -> None:
    template = {"A": {"CodeUri": "./deployment.zip"}, "B": [{"ContentUri": "./deployment.zip", "Other": 1}]}

    assert with_code(template, "s3://c/k") == {
        "A": {"CodeUri": "s3://c/k"},
        "B": [{"ContentUri": "s3://c/k", "Other": 1}],
    }


def test_the_name_of_the_code_bucket_has_at_most_63_characters() -> None:
    assert code_bucket_name("bldr-dev", "123456789012", "eu-central-1") == "bldr-dev-code-123456789012-eu-central-1"
    long = code_bucket_name("bldr-" + "x" * 60, "123456789012", "eu-central-1")
    assert len(long) <= 63
    assert long != code_bucket_name("bldr-" + "x" * 60, "123456789012", "eu-central-2")


def test_the_code_bucket_refuses_plain_http() -> None:
    [statement] = only_by_tls("code")["Statement"]

    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "User: x is not\nauthorized"}}, "CreateChangeSet")


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (NoCredentialsError(), "aws configure"),
        (NoRegionError(), "set AWS_DEFAULT_REGION"),
        (refused("ExpiredToken"), "have expired: sign in again"),
        (refused("AccessDenied"), "do not have the right to call CreateChangeSet: see docs/OPERATIONS.md"),
        (refused("InvalidClientTokenId"), "does not accept these credentials"),
        (refused("LimitExceededException"), "AWS refused CreateChangeSet"),
        (EndpointConnectionError(endpoint_url="https://x"), "AWS cannot be reached"),
    ],
)
def test_errors_of_aws_are_one_line_that_says_what_to_do(problem: Any, says: str) -> None:
    text = explained(problem)

    assert says in text
    assert "\n" not in text


def test_progress_tells_failures_once_and_hides_their_consequences() -> None:
    said: list[str] = []
    progress = Progress(said.append, known=["0"])
    events = [
        event("3", "S", "ROLLBACK_IN_PROGRESS", physical="stack"),
        event("2", "B", "CREATE_FAILED", "Resource creation cancelled"),
        event("1", "A", "CREATE_FAILED", "the reason"),
        event("0", "Old", "CREATE_FAILED", "known before"),
    ]

    progress.take(events)
    progress.take(events)

    assert said == ["  CREATE_FAILED A (T): the reason", "  2 resources done, 0 in progress"]
    assert not progress.has_ended
    progress.take([event("4", "S", "ROLLBACK_COMPLETE", physical="stack"), *events])
    assert progress.has_ended


def event(number: str, name: str, status: str, reason: str = "", physical: str = "") -> dict[str, str]:
    return {
        "EventId": number,
        "StackId": "stack",
        "PhysicalResourceId": physical,
        "LogicalResourceId": name,
        "ResourceType": "T",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }
