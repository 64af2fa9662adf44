"""Fixtures of the tests of builds: an engine that records calls, and an origin."""

from collections.abc import Iterator

import pytest

from tests.api.client import Depot
from tests.builders.members import an_origin_with_members
from tests.builders.recording_engine import RecordingEngine, a_recording_engine


@pytest.fixture
def engine(depot: Depot) -> Iterator[RecordingEngine]:
    """An engine that records calls, with an empty build graph."""
    with a_recording_engine() as engine:
        yield engine


@pytest.fixture
def origin(depot: Depot) -> str:
    """An origin of bobo with the member lkennedy, the reader mystique and the maintainer hank."""
    return an_origin_with_members(depot, lkennedy="member", mystique="readonly_member", hank="maintainer")
