"""Fixtures of the engine tests of projects."""

from collections.abc import Iterator

import pytest

from tests.builders.histories import Histories, histories


@pytest.fixture(scope="module")
def engine_histories(table: None) -> Iterator[Histories]:
    """Histories of clients, on an engine that is called without HTTP."""
    with histories() as running:
        yield running
