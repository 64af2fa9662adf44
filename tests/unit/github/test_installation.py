"""Credentials with which workers clone repositories at GitHub (builds.md 9.2, step 4)."""

from collections.abc import Iterator

import pytest

from chalicelib.github import app_token, installation
from chalicelib.github.errors import GitHubFailed
from chalicelib.github.installation import CloneCredentials, installation_clone_credentials
from tests.builders.github import INSTALLATION, TOKENS, a_github, settings_for
from tests.builders.http_double import HttpDouble, http_double
from tests.builders.settings import change_settings


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpDouble]:
    with http_double() as double:
        change_settings(monkeypatch, (app_token, installation), **settings_for(double))
        yield a_github(double, {})


def test_the_token_of_the_installation_is_the_password(github: HttpDouble) -> None:
    assert installation_clone_credentials(INSTALLATION) == CloneCredentials("x-access-token", "ghs_1")


def test_the_token_may_only_read_contents_and_only_of_the_repository(github: HttpDouble) -> None:
    installation_clone_credentials(INSTALLATION)
    installation_clone_credentials(INSTALLATION, 42)

    reading = {"permissions": {"contents": "read"}}
    assert [request.json() for request in github.received] == [reading, reading | {"repository_ids": [42]}]


@pytest.mark.parametrize("status", [401, 404, 500])
def test_an_installation_without_a_token_is_a_failure_of_github(github: HttpDouble, status: int) -> None:
    github.answers("POST", TOKENS, status=status)

    with pytest.raises(GitHubFailed):
        installation_clone_credentials(INSTALLATION)


@pytest.mark.parametrize("answer", [{}, {"token": ""}, {"token": 7}, []])
def test_an_answer_without_a_token_is_a_failure_of_github(github: HttpDouble, answer: object) -> None:
    github.answers("POST", TOKENS, answer, status=201)

    with pytest.raises(GitHubFailed):
        installation_clone_credentials(INSTALLATION)
