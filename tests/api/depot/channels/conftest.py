"""What the tests of channels share: an origin per module, with members, and a fresh name per test."""

import pytest

from tests.api.client import Depot
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin of bobo; wesker maintains, lkennedy is a member, hank reads only, mystique is an outsider."""
    origin = an_origin(depot)
    a_member(depot, origin, "wesker", "maintainer")
    a_member(depot, origin, "lkennedy", "member")
    a_member(depot, origin, "hank", "readonly_member")
    return origin


@pytest.fixture
def name() -> str:
    """A package or channel name of the test's own."""
    return a_name("thing")
