"""Settings that differ from those of the test run, for the modules that read them."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.platform.config import config


def change_settings(monkeypatch: pytest.MonkeyPatch, modules: Sequence[ModuleType], **values: Any) -> None:
    """Let some modules read other settings until the end of the test."""
    changed = replace(config, **values)
    for module in modules:
        monkeypatch.setattr(module, "config", changed)
