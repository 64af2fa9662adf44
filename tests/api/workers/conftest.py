"""Fixtures of tests of workers through HTTP."""

from collections.abc import Iterator

import pytest

from tests.api.client import Depot
from tests.builders.motor_double import Calls, recorded_motor
from tests.builders.origins import an_origin
from tests.builders.workers import Worker, a_worker


@pytest.fixture(autouse=True)
def motor(depot: Depot) -> Iterator[Calls]:
    """The calls of Step Functions that the test makes."""
    with recorded_motor() as calls:
        yield calls


@pytest.fixture
def origin(depot: Depot) -> str:
    """A new origin."""
    return an_origin(depot)


@pytest.fixture
def worker(depot: Depot, origin: str) -> Worker:
    """A worker of the origin."""
    return a_worker(depot, origin)
