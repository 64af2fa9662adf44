"""A double of the calls of Step Functions: it records the calls."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.builds import motor

Calls = list[tuple[str, tuple[Any, ...]]]


@contextmanager
def recorded_motor() -> Iterator[Calls]:
    """Record the calls of the block instead of making them."""
    calls: Calls = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("start_group", "start_job", "wake_group", "end_wait", "heartbeat"):
            patch.setattr(motor, name, lambda *arguments, name=name: calls.append((name, arguments)))
        yield calls
