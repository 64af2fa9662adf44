"""`bldr search`, `bldr tokens`, and the program as it is started from a shell."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.hart import a_hart
from tests.builders.waiting import PATIENCE

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hart(stack):
    """A published package."""
    hart = a_hart(origin=stack.an_origin())
    assert stack.upload(hart).status_code == 201
    return hart


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bldr", *arguments],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "HOME": os.devnull, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_search_gives_names_releases_or_json(bobo, hart):
    origin = hart.ident.origin

    assert bobo.succeeds("search", f"{origin}/widget") == f"{origin}/widget\n"
    assert bobo.succeeds("search", f"{origin}/widget", "--all") == f"{hart.path}\n"
    assert bobo.json("search", f"{origin}/widget") == [
        {"origin": origin, "name": "widget", "version": None, "release": None}
    ]
    nothing = bobo("search", f"{origin}/gadget")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "matches" in nothing.stderr


def test_a_token_is_made_used_and_ended(stack, bobo, shell, hart, tmp_path):
    origin = hart.ident.origin
    made = bobo.json("tokens", "create", "ci", "--scope", "promote", "--origin", origin, "--expires-in", "1")
    used = {"HAB_BLDR_URL": stack.url, "HAB_AUTH_TOKEN": made["token"]}
    shell.succeeds("promote", hart.path, "ci", "--yes", **used)

    listed = [row for row in bobo.json("tokens", "list") if row["id"] == made["id"]]
    assert [(row["name"], row["scopes"], row["origin"]) for row in listed] == [("ci", ["promote"], origin)]
    assert made["token"] not in bobo.succeeds("tokens", "list")

    assert bobo.succeeds("tokens", "revoke", made["id"]) == f"revoked {made['id']}\n"
    said = shell.fails("demote", hart.path, "ci", "--yes", **used)
    assert "does not accept the token" in said
    assert made["token"] not in said


def test_a_token_can_go_to_a_file_that_nobody_else_reads(bobo, tmp_path):
    path = tmp_path / "token"

    said = bobo.succeeds("tokens", "create", "saved", "--scope", "read", "--save", path)

    token = path.read_text().strip()
    assert token.startswith("bldr_")
    assert token not in said
    assert path.stat().st_mode & 0o777 == 0o600
    assert "a token goes to a new file" in bobo.fails("tokens", "create", "b", "--scope", "read", "--save", path)


def test_a_token_file_wins_over_the_environment(bobo, tmp_path):
    path = tmp_path / "token"
    path.write_text("hank\n")

    bobo.succeeds("tokens", "create", "of-bobo", "--scope", "read")

    assert "of-bobo" in bobo.succeeds("tokens", "list")
    assert "of-bobo" not in bobo.succeeds("tokens", "list", "--token-file", path)
    assert "of-bobo" not in bobo.succeeds("tokens", "list", "--token-file", "-", answer="hank\n")


def test_the_program_says_errors_in_one_line_and_never_the_token(stack):
    done = program("tokens", "list", HAB_BLDR_URL=stack.url, HAB_AUTH_TOKEN="_nobodys-token")

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("bldr: cannot list your tokens: localhost:")
    assert "_nobodys-token" not in done.stderr


def test_the_program_tells_misuse_from_failure():
    done = program("promote")

    assert done.returncode == 2
    assert "Usage: bldr promote" in done.stderr


def test_it_stands_on_the_pure_cores_alone():
    code = "import sys, bldr.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)

    loaded = done.stdout.split()
    ours = [name for name in loaded if name.startswith("chalicelib.") and not name.startswith("chalicelib.core")]
    assert ours == []
    assert not {"boto3", "chalice", "pynamodb"} & set(loaded)
