"""Fixtures of the API's tests."""

from collections.abc import Iterator

import pytest

from tests.builders.log_lines import Log, log_lines


@pytest.fixture
def log() -> Iterator[Log]:
    """The lines that the service logs during the test."""
    with log_lines() as log:
        yield log
