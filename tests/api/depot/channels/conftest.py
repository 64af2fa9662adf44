"""Fixtures of the tests of channels: an origin with members per module, and a new name per test."""

import pytest

from tests.api.client import Depot
from tests.builders.members import an_origin_with_members
from tests.builders.names import a_name


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin of bobo with wesker as maintainer, lkennedy as member and hank as readonly_member, but not mystique."""
    return an_origin_with_members(depot, wesker="maintainer", lkennedy="member", hank="readonly_member")


@pytest.fixture
def name() -> str:
    """A new name for a package or channel."""
    return a_name("thing")
