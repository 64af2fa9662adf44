"""Tables and secrets inside the process."""

from collections.abc import Iterator

import pytest

from tests.builders.engine import an_engine


@pytest.fixture(scope="session")
def table() -> Iterator[None]:
    """The template's resources, for the whole run: engines within engines share their state."""
    with an_engine():
        yield
