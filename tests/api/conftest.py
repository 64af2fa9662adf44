"""The API under test: the app behind the local front, on an AWS inside the process, with the template's resources."""

from collections.abc import Iterator

import pytest

from tests.api.client import Depot
from tests.builders.engine import an_engine


@pytest.fixture(scope="session")
def depot() -> Iterator[Depot]:
    """A client of a running API; one for the whole run."""
    with an_engine():
        from app import app
        from local.front import Front

        yield Depot(Front(app))
