"""Fixtures of the tests of uploads in parts: an origin per module and an archive per test."""

import pytest

from tests.api.client import Depot
from tests.builders.hart import Hart, a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin owned by bobo."""
    return an_origin(depot)


@pytest.fixture
def hart(origin: str) -> Hart:
    """An archive with a new name."""
    return a_hart(origin=origin, name=a_name("tool"))
