"""The environment of all tests, and the fixtures that all folders share: the embedded AWS and the API on it."""

from collections.abc import Iterator

from tests import environment

environment.use(
    BLDR_STAGE="test",
    BLDR_TABLE="bldr",
    BLDR_BUCKET="bldr-artifacts",
    BLDR_BUILDER_KEY_SECRET="bldr-builder-key",
)

import pytest
from hypothesis import HealthCheck, settings

from app import app
from chalicelib.catalog import origin_summaries
from chalicelib.catalog.lists import list_changes
from chalicelib.core.deferred import load_deferred
from local.front import Front
from tests.api.client import Depot
from tests.builders.declarations import DeclaredStatuses
from tests.builders.engine import an_engine, empty_engine
from tests.rights import enforcement

pytest_plugins = ["tests.order", "tests.servers", "tests.packaged", "tests.rights.plugin"]

list_changes.FOLDED_EVERY = origin_summaries.FOLDED_EVERY = 1 << 23  # which writer folds is random: tests choose it
load_deferred()  # some tests run the service in several threads
enforcement.install()

# a slow machine is not a failure: neither a deadline nor a limit on how long examples take to generate
settings.register_profile("here", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


@pytest.fixture(scope="session")
def embedded_aws() -> Iterator[None]:
    """The resources of the template, in an engine inside the process, for the whole run."""
    with an_engine():
        yield


@pytest.fixture(scope="module")
def table(embedded_aws: None) -> None:
    """The table and the bucket of the template. Both are empty at the beginning of each file."""
    empty_engine()


@pytest.fixture(scope="session")
def declared_statuses() -> DeclaredStatuses:
    """The statuses that the routes declare."""
    return DeclaredStatuses(app)


@pytest.fixture(scope="module")
def depot(table: None, declared_statuses: DeclaredStatuses) -> Depot:
    """A client of the API behind the local front."""
    return Depot(Front(app), declared_statuses)
