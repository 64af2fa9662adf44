"""Projects in functional-test mode, at a double of GitHub, and at a Git server that the settings allow."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.github import app_token, installation
from chalicelib.identity import github_reader
from chalicelib.projects import sources
from tests.builders.github import a_github, settings_for
from tests.builders.http_double import HttpDouble, http_double
from tests.builders.settings import change_settings

PLAN = 'pkg_name="widget"\npkg_origin=someone\npkg_version=1.0\n'
GIT_SOURCE = "https://git.example.com/"


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpDouble]:
    """GitHub with a repository that has a plan, outside of functional-test mode."""
    with http_double() as double:
        a_github(double, {"habitat/plan.sh": PLAN})
        settings: dict[str, Any] = {"functional_test": False, **settings_for(double)}
        change_settings(monkeypatch, (app_token, installation, github_reader, sources), **settings)
        yield double


@pytest.fixture
def git_source(monkeypatch: pytest.MonkeyPatch) -> str:
    """The beginning of the clone URLs that the settings allow."""
    change_settings(monkeypatch, (sources,), git_sources=(GIT_SOURCE, "file:///srv/git/"))
    return GIT_SOURCE
