"""Fixtures of the engine tests of projects."""

from collections.abc import Iterator

import pytest

from tests.builders.engine import an_engine
from tests.builders.histories import Histories, histories


@pytest.fixture(scope="package")
def engine_histories() -> Iterator[Histories]:
    """Histories of clients, on an engine that is called without HTTP."""
    with an_engine(), histories() as running:
        yield running
