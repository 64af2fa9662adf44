"""The API under test: the app behind the local front, on an AWS inside the process, with the template's resources."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.api.client import Depot


@pytest.fixture(scope="session")
def depot() -> Iterator[Depot]:
    """A client of a running API; one for the whole run."""
    with mock_aws():
        from infra.local.resources import create_resources

        create_resources()
        from app import app
        from infra.local.front import Front

        yield Depot(Front(app))
