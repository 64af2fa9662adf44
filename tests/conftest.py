"""The environment of all tests, and the fixtures that all folders share: the embedded AWS and the API on it."""

import os
from collections.abc import Iterator

os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    HAB_FUNC_TEST="1",
    BLDR_STAGE="test",
    BLDR_TABLE="bldr",
    BLDR_BUCKET="bldr-artifacts",
    BLDR_BUILDER_KEY_SECRET="bldr-builder-key",
    BLDR_DOWNLOAD_MODE="front",
    POWERTOOLS_TRACE_DISABLED="true",
)
for variable in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
    del os.environ[variable]

import pytest  # noqa: E402 - the environment comes first
from hypothesis import HealthCheck, settings  # noqa: E402

from app import app  # noqa: E402
from chalicelib.core.deferred import load_deferred  # noqa: E402
from local.front import Front  # noqa: E402
from tests.api.client import Depot  # noqa: E402
from tests.builders.declarations import DeclaredStatuses  # noqa: E402
from tests.builders.engine import an_engine  # noqa: E402

pytest_plugins = ["tests.servers"]

load_deferred()  # some tests run the service in several threads

# a slow machine is not a failure: neither a deadline nor a limit on how long examples take to generate
settings.register_profile("here", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


@pytest.fixture(scope="session")
def table() -> Iterator[None]:
    """The table and the other resources of the template, in an engine inside the process, for the whole run."""
    with an_engine():
        yield


@pytest.fixture(scope="session")
def depot(table: None) -> Depot:
    """A client of the API behind the local front."""
    return Depot(Front(app), DeclaredStatuses(app))
