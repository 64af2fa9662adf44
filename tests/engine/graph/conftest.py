"""Fixtures of tests of the stored build graph."""

from collections.abc import Iterator

import pytest

from tests.builders.names import a_name
from tests.builders.stored_graph import delete_graph


@pytest.fixture(autouse=True)
def _no_graph(table: None) -> Iterator[None]:
    """Start and end with an empty graph of the target."""
    delete_graph()
    yield
    delete_graph()


@pytest.fixture
def origin() -> str:
    """The name of an origin, which need not exist."""
    return a_name("origin")
