"""A double of the services that this domain calls, and settings that point to it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.ext import github, notices, registry
from chalicelib.platform.config import config
from tests.builders.http_double import HttpDouble, http_double


@pytest.fixture
def double() -> Iterator[HttpDouble]:
    """The double of a registry or of GitHub."""
    with http_double() as running:
        yield running


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change settings for this domain."""

    def change(**values: Any) -> None:
        changed = replace(config, **values)
        for module in (github, notices, registry):
            monkeypatch.setattr(module, "config", changed)

    return change
