"""Tables and secrets inside the process."""

from collections.abc import Iterator

import pytest
from moto import mock_aws


@pytest.fixture(scope="session")
def table() -> Iterator[None]:
    """The template's resources, for the whole run: mocks within mocks share their state."""
    with mock_aws():
        from infra.local.resources import create_resources

        create_resources()
        yield
