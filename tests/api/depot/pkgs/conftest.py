"""Fixtures of the tests of packages: an origin per module, and a package name per test."""

import pytest

from tests.api.client import Depot
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin that bobo owns. lkennedy is a member, hank a read-only member; mystique and wesker are not members."""
    origin = an_origin(depot)
    a_member(depot, origin, "lkennedy", "member")
    a_member(depot, origin, "hank", "readonly_member")
    return origin


@pytest.fixture
def name() -> str:
    """A package name that no other test uses."""
    return a_name("package")
