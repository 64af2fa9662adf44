"""Fixtures of tests of job groups: the graph and the engine are replaced by a record of calls."""

from collections.abc import Iterator

import pytest

from chalicelib.builds.groups import beginning, entries
from chalicelib.core.visibility import Visibility
from chalicelib.origins import service as origins
from tests.builders.bucket import a_bucket
from tests.builders.graphs import a_graph_of
from tests.builders.group_creation import (
    SIZE,
)
from tests.builders.names import a_name
from tests.builders.package_requests import UPLOADER
from tests.builders.project_rows import a_stored_project
from tests.builders.recording_engine import RecordingEngine, a_recording_engine


@pytest.fixture
def engine(table: None) -> Iterator[RecordingEngine]:
    with a_bucket(), a_recording_engine() as engine:
        yield engine


@pytest.fixture
def root(engine: RecordingEngine, monkeypatch: pytest.MonkeyPatch) -> str:
    """A root with dependents whose group takes several transactions."""
    monkeypatch.setattr(beginning, "IN_ONE_TRANSACTION", 2)
    monkeypatch.setattr(entries, "ROWS_PER_TRANSACTION", 3)
    origin = a_name("origin")
    origins.create(origin, Visibility.PUBLIC, UPLOADER)
    root = f"{origin}/root"
    leaves = [f"{origin}/leaf{number}" for number in range(SIZE - 1)]
    engine.graph = a_graph_of({root: (), **{leaf: [root] for leaf in leaves}})
    for name in (root, *leaves):
        a_stored_project(name)
    return root
