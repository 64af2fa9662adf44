"""Fixtures of the engine tests of channels."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.catalog.long_changes import long_change_motor
from tests.builders.bucket import a_bucket
from tests.builders.histories import Histories, histories


@pytest.fixture(scope="module")
def running(table: None) -> Iterator[Histories]:
    """An engine that is called without HTTP, and a bucket in memory."""
    with histories() as running, a_bucket():
        yield running


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The executions that were started."""
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(long_change_motor, "start", lambda *arguments: calls.append(arguments))
    return calls
