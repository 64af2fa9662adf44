"""Fixtures of the tests of jobs and logs."""

import pytest

from tests.api.client import Depot
from tests.builders.members import an_origin_with_members


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin of bobo in which hank may only read and lkennedy is a member."""
    return an_origin_with_members(depot, hank="readonly_member", lkennedy="member")
