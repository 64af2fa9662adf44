"""Fixtures of the tests of jobs and logs."""

import pytest

from tests.api.client import Depot
from tests.builders.members import a_member
from tests.builders.origins import an_origin


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin of bobo in which hank may only read and lkennedy is a member."""
    origin = an_origin(depot)
    a_member(depot, origin, "hank", "readonly_member")
    a_member(depot, origin, "lkennedy", "member")
    return origin
