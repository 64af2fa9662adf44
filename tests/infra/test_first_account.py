"""The first account of a deployed stack: its origin and its token, created by one command that can be repeated."""

import os
import subprocess
import sys
from typing import Any

import pytest
import yaml

from infra.template import read_template
from tests.builders.names import a_name
from tests.builders.stack import REPOSITORY, Stack
from tests.servers import Server, aws


@pytest.fixture(scope="module")
def deployed(engine: Server) -> str:
    """The name of a stack with the storage and the outputs of the template. moto cannot create its secret."""
    template, name = read_template(), a_name("stack")
    secret = aws("secretsmanager", engine.url).create_secret(Name=f"{name}-builder-key")["ARN"]
    kept = ("Table", "Artifacts")
    outputs = {output: each for output, each in template["Outputs"].items() if each["Value"].get("Ref") in kept}
    assert template["Outputs"]["BuilderKeySecret"] == {"Value": {"Ref": "BuilderKey"}}
    body = {
        "Parameters": {name: template["Parameters"][name] for name in ("LogDays", "RestoreDays")},
        "Conditions": {"DeletesLogs": template["Conditions"]["DeletesLogs"]},
        "Resources": {each: template["Resources"][each] for each in kept},
        "Outputs": {**outputs, "BuilderKeySecret": {"Value": secret}},
    }
    aws("cloudformation", engine.url).create_stack(StackName=name, TemplateBody=yaml.safe_dump(body))
    return name


def run(url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command against an engine."""
    return subprocess.run(
        [sys.executable, "-m", "infra.first_account", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "AWS_ENDPOINT_URL": url, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def rows_of(engine: Server, stack: str) -> list[Any]:
    outputs = aws("cloudformation", engine.url).describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    [table] = [output["OutputValue"] for output in outputs if output["OutputKey"] == "TableName"]
    rows: list[Any] = aws("dynamodb", engine.url).scan(TableName=table)["Items"]
    return sorted(rows, key=lambda row: (row["pk"]["S"], row["sk"]["S"]))


def test_the_first_run_prints_the_token_and_a_repeat_changes_nothing(engine: Server, deployed: str) -> None:
    who = ("--stack", deployed, "--name", "alice", "--email", "alice@example.com", "--origin", "acme")
    wrong = {"BLDR_SECRET_KEY": "unused", "BLDR_TABLE": "unused", "BLDR_ALLOWED_USERS_FOR_ORIGIN_CREATE": "unused"}

    first = run(engine.url, *who, **wrong)
    assert (first.returncode, len(first.stdout.splitlines())) == (0, 1), first.stderr
    assert first.stdout.startswith("_")
    before = rows_of(engine, deployed)
    assert {"ORIGIN#acme", "ACCOUNT-NAME#alice"} <= {row["pk"]["S"] for row in before}

    again = run(engine.url, *who)
    assert (again.returncode, again.stdout) == (0, ""), again.stderr
    assert "--new-token" in again.stderr
    assert rows_of(engine, deployed) == before

    replaced = run(engine.url, *who, "--new-token")
    assert replaced.returncode == 0
    assert replaced.stdout.startswith("_")
    assert replaced.stdout != first.stdout

    other = run(engine.url, "--stack", deployed, "--name", "mallory", "--origin", "acme")
    assert (other.returncode, other.stdout) == (1, "")
    assert other.stderr.splitlines() == ["the origin acme belongs to another account"]


def test_the_token_works_at_the_api_of_the_same_table(stack: Stack) -> None:
    name, origin = a_name("alice"), a_name("acme")

    created = run(stack.engine_url, "--name", name, "--origin", origin, **{"BLDR_TABLE": "bldr"})

    assert created.returncode == 0, created.stderr
    authorization = {"Authorization": f"Bearer {created.stdout.strip()}"}
    assert stack.http.get("/v1/profile", headers=authorization).json()["name"] == name
    assert stack.http.get("/v1/user/origins", headers=authorization).json()[0]["name"] == origin


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--stack", "missing", "--name", "a", "--origin", "o"), "missing"),
        (("--name", "a", "--origin", "Not A Name"), "'Not A Name' is not a valid name of an origin"),
        (("--name", "", "--origin", "o"), "'' is not a name"),
        (("--name", "a\nb", "--origin", "o"), "'a\\nb' is not a name"),
        (("--name", "a", "--email", "a\rb", "--origin", "o"), "'a\\rb' is not an e-mail address"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(stack: Stack, arguments: tuple[str, ...], message: str) -> None:
    done = run(stack.engine_url, *arguments, BLDR_TABLE="bldr")

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert message in done.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [(("bldr-20", "bldr-19"), "does not fit"), (("BOX-SEC-1", "SIG-SEC-1"), "holds a malformed builder key")],
)
def test_a_builder_key_that_is_wrong_is_named(
    engine: Server, deployed: str, change: tuple[str, str], message: str
) -> None:
    who = ("--stack", deployed, "--name", a_name("user"), "--origin", a_name("origin"))
    assert run(engine.url, *who).returncode == 0
    secrets = aws("secretsmanager", engine.url)
    [secret] = [each["ARN"] for each in secrets.list_secrets()["SecretList"] if deployed in each["Name"]]
    key = secrets.get_secret_value(SecretId=secret)["SecretString"]
    try:
        secrets.put_secret_value(SecretId=secret, SecretString=key.replace(*change))
        done = run(engine.url, *who)
    finally:
        secrets.put_secret_value(SecretId=secret, SecretString=key)

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "BLDR_BUILDER_KEY_SECRET" in done.stderr
    assert message in done.stderr
