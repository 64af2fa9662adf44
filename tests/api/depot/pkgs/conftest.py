"""What the tests of packages share: an origin per module, with members, and a fresh name per test."""

import pytest

from tests.api.client import Depot
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin of bobo; lkennedy is a member, hank reads only, mystique and wesker are outsiders."""
    origin = an_origin(depot)
    a_member(depot, origin, "lkennedy", "member")
    a_member(depot, origin, "hank", "readonly_member")
    return origin


@pytest.fixture
def name() -> str:
    """A package name of the test's own."""
    return a_name("package")
