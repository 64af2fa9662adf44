"""Workers that build for all origins, made by the operator."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.builders.names import a_name
from tests.builders.stack import REPOSITORY
from tests.servers import Server, aws


@pytest.fixture(scope="module")
def table_name(engine: Server) -> str:
    """A table of its own in the engine."""
    name = a_name("workers")
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    aws("dynamodb", engine.url).create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(engine: Server, table_name: str) -> Run:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "infra.worker_credential", *arguments],
            cwd=REPOSITORY,
            env={**os.environ, "AWS_ENDPOINT_URL": engine.url, "BLDR_TABLE": table_name},
            capture_output=True,
            text=True,
            check=False,
        )

    return command


def test_a_worker_is_made_listed_and_revoked(run: Run, engine: Server, table_name: str) -> None:
    made = run("--name", "tower", "--target", "x86_64-linux", "--target", "x86_64-windows")

    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    assert token.startswith("bldrw_")
    assert token not in str(aws("dynamodb", engine.url).scan(TableName=table_name))
    listed = run("--list").stdout.split("\t")
    assert listed[1:3] == ["tower", "x86_64-linux,x86_64-windows"]
    assert run("--revoke", listed[0]).returncode == 0
    assert run("--list").stdout == ""
    again = run("--revoke", listed[0])
    assert (again.returncode, again.stderr) == (1, f"there is no worker {listed[0]} of all origins\n")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "--name and --target are needed"),
        (("--name", "tower"), 2, "--name and --target are needed"),
        (("--name", "tower", "--target", "pdp11"), 1, "Invalid package target 'pdp11'"),
        (("--name", "a\nb", "--target", "x86_64-linux"), 1, "`name` must be 1 to 100"),
    ],
)
def test_invalid_arguments_are_refused(run: Run, arguments: tuple[str, ...], status: int, message: str) -> None:
    refused = run(*arguments)

    assert refused.returncode == status
    assert message in refused.stderr
    assert refused.stdout == ""
