"""Fixtures of the tests of uploads in parts: an origin per module and an archive per test."""

import pytest

from tests.api.client import Depot
from tests.builders.hart import Hart, a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.rows import empty_partition


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin owned by bobo."""
    return an_origin(depot)


@pytest.fixture(scope="module", autouse=True)
def _all_slots_are_free(depot: Depot) -> None:
    """Tests leave uploads open, and an account can have 100 of them; all tests of a process use the same accounts."""
    empty_partition(f"OPEN-UPLOADS#{depot.get('/profile', by='bobo').json()['id']}")


@pytest.fixture
def hart(origin: str) -> Hart:
    """An archive with a new name."""
    return a_hart(origin=origin, name=a_name("tool"))
