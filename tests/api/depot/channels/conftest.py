"""Fixtures of the tests of channels: an origin with members per module, and a new name per test."""

import pytest

from tests.api.client import Depot
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin of bobo with wesker as maintainer, lkennedy as member and hank as readonly_member, but not mystique."""
    origin = an_origin(depot)
    a_member(depot, origin, "wesker", "maintainer")
    a_member(depot, origin, "lkennedy", "member")
    a_member(depot, origin, "hank", "readonly_member")
    return origin


@pytest.fixture
def name() -> str:
    """A new name for a package or channel."""
    return a_name("thing")
