"""A double of the services that this domain calls, and settings that point to it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.ext import registry
from chalicelib.github import app_token, installation
from chalicelib.identity import github_reader
from tests.builders.http_double import HttpDouble, http_double
from tests.builders.settings import change_settings

MODULES = (app_token, installation, github_reader, registry)


@pytest.fixture
def double() -> Iterator[HttpDouble]:
    """The double of a registry or of GitHub."""
    with http_double() as running:
        yield running


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change settings for this domain."""

    def change(**values: Any) -> None:
        change_settings(monkeypatch, MODULES, **values)

    return change
