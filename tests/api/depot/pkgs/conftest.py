"""Fixtures of the tests of packages: an origin per module, and a package name per test."""

import pytest

from tests.api.client import Depot
from tests.builders.members import an_origin_with_members
from tests.builders.names import a_name


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin that bobo owns. lkennedy is a member, hank a read-only member; mystique and wesker are not members."""
    return an_origin_with_members(depot, lkennedy="member", hank="readonly_member")


@pytest.fixture
def name() -> str:
    """A package name that no other test uses."""
    return a_name("package")
