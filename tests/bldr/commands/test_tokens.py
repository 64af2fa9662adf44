"""`bldr tokens` with a running Builder."""

from pathlib import Path

import pytest

from tests.bldr.command_line import CommandLine
from tests.builders.hart import Hart, a_hart
from tests.builders.stack import Stack


@pytest.fixture
def hart(stack: Stack) -> Hart:
    """A published package."""
    hart = a_hart(origin=stack.an_origin())
    assert stack.upload(hart).status_code == 201
    return hart


def test_a_token_works_until_it_is_revoked(
    stack: Stack, bobo: CommandLine, unconfigured: CommandLine, hart: Hart
) -> None:
    origin = hart.ident.origin
    created = bobo.json("tokens", "create", "ci", "--scope", "promote", "--origin", origin, "--expires-in", "1")
    environment = {"HAB_BLDR_URL": stack.url, "HAB_AUTH_TOKEN": created["token"]}
    unconfigured.succeeds("promote", hart.path, "ci", "--yes", **environment)

    listed = [row for row in bobo.json("tokens", "list") if row["id"] == created["id"]]
    assert [(row["name"], row["scopes"], row["origin"]) for row in listed] == [("ci", ["promote"], origin)]
    assert created["token"] not in bobo.succeeds("tokens", "list")

    assert bobo.succeeds("tokens", "revoke", created["id"]) == f"revoked {created['id']}\n"
    output = unconfigured.fails("demote", hart.path, "ci", "--yes", **environment)
    assert "does not accept the token" in output
    assert created["token"] not in output


def test_a_token_is_saved_to_a_new_file_that_only_its_owner_reads(bobo: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "token"

    output = bobo.succeeds("tokens", "create", "saved", "--scope", "read", "--save", path)

    token = path.read_text().strip()
    assert token.startswith("bldr_")
    assert token not in output
    assert path.stat().st_mode & 0o777 == 0o600
    assert "choose a new file" in bobo.fails("tokens", "create", "b", "--scope", "read", "--save", path)


def test_json_of_a_saved_token_does_not_contain_the_token(bobo: CommandLine, tmp_path: Path) -> None:
    created = bobo.json("tokens", "create", "saved", "--scope", "read", "--save", tmp_path / "token")

    assert created["name"] == "saved"
    assert "token" not in created


def test_a_token_file_wins_over_the_environment(bobo: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("hank\n")

    bobo.succeeds("tokens", "create", "of-bobo", "--scope", "read")

    assert "of-bobo" in bobo.succeeds("tokens", "list")
    assert "of-bobo" not in bobo.succeeds("tokens", "list", "--token-file", path)
    assert "of-bobo" not in bobo.succeeds("tokens", "list", "--token-file", "-", stdin="hank\n")
