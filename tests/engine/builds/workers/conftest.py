"""Fixtures of tests of workers."""

from collections.abc import Iterator

import pytest

from chalicelib.builds.rows import (
    SlotRow,
    WaitingJobRow,
    WaitingOriginRow,
    slots_partition,
    waiting_origins_partition,
    waiting_partition,
)
from chalicelib.builds.workers import claims, presence, search
from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.platform.row import Key
from chalicelib.platform.table import delete_many, rows
from tests.builders.motor_double import Calls, recorded_motor
from tests.builders.waiting_jobs import LINUX, an_empty_origin
from tests.builders.workers import access_of_a_new_worker


@pytest.fixture(autouse=True)
def motor() -> Iterator[Calls]:
    """The calls of Step Functions that the test makes."""
    with recorded_motor() as calls:
        yield calls


@pytest.fixture(autouse=True)
def quiet_start(table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No jobs of other tests wait or run, and no claim sleeps."""
    for hint in list(rows(WaitingOriginRow, waiting_origins_partition(LINUX))):
        waiting = list(rows(WaitingJobRow, waiting_partition(LINUX, hint.sk)))
        delete_many([Key(WaitingJobRow, row.pk, row.sk) for row in waiting])
        delete_many([Key(WaitingOriginRow, hint.pk, hint.sk)])
    delete_many([Key(SlotRow, row.pk, row.sk) for row in list(rows(SlotRow, slots_partition(LINUX)))])
    presence._noted.clear()
    search._found_empty.clear()
    search._continue_after.clear()
    monkeypatch.setattr(claims, "sleep", lambda seconds: None)


@pytest.fixture
def worker() -> WorkerAccess:
    """A worker that gets the jobs of all origins."""
    return access_of_a_new_worker()


@pytest.fixture
def origin() -> str:
    """An origin without jobs."""
    return an_empty_origin()
