"""Doubles of other people's services, and settings that lead to them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.ext import github, notices, registry
from chalicelib.platform.config import config
from tests.builders.http_double import HttpDouble, http_double


@pytest.fixture
def double() -> Iterator[HttpDouble]:
    """Somebody else's service."""
    with http_double() as running:
        yield running


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change settings of this domain."""

    def change(**values: Any) -> None:
        used = replace(config, **values)
        for module in (github, notices, registry):
            monkeypatch.setattr(module, "config", used)

    return change
