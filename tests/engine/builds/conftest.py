"""Fixtures of the build engine: the state machines are replaced by a record of the groups that were woken."""

from collections.abc import Iterator

import pytest

from chalicelib.builds import motor
from tests.builders.histories import Histories, histories


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of the groups that were woken."""
    groups: list[int] = []
    monkeypatch.setattr(motor, "wake_group", groups.append)
    return groups


@pytest.fixture(scope="module")
def engine_histories(table: None) -> Iterator[Histories]:
    """An engine whose clients call it in a random but reproducible order."""
    with histories() as running:
        yield running
