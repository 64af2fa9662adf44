"""What the tests of counted lists share: an origin without entries, and the time of the service."""

from collections.abc import Iterator

import pytest

from tests.builders.counted_lists import Clock, CountedOrigin, a_clock


@pytest.fixture
def time() -> Iterator[Clock]:
    """The time of the service."""
    with a_clock() as moved:
        yield moved


@pytest.fixture
def origin(time: Clock) -> CountedOrigin:
    """An origin without entries."""
    return CountedOrigin()
