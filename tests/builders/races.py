"""Requests that run at a chosen moment of another request."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from chalicelib.platform import table


def run_after_first_read(patch: pytest.MonkeyPatch, module: ModuleType, concurrently: Callable[[], object]) -> None:
    """Run another request right after a module has first read rows with `read_many`."""
    pending = [concurrently]

    def read_many(*keys: Any) -> Any:
        found = table.read_many(*keys)
        if pending:
            pending.pop()()
        return found

    patch.setattr(module, "read_many", read_many)
