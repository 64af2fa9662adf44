"""Fixtures of tests with concurrent requests to origins."""

from collections.abc import Iterator

import pytest

from tests.builders.histories import Histories, histories


@pytest.fixture(scope="module")
def engine_histories(table: None) -> Iterator[Histories]:
    """An engine whose clients call it in a random but reproducible order."""
    with histories() as running:
        yield running
