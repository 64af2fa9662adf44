"""Which waiting job a worker gets (builds.md 15)."""

from typing import Any

import pytest

from chalicelib.builds import rows as build_rows
from chalicelib.builds.rows import WaitingOriginRow
from chalicelib.builds.workers import search
from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.core.target import Target
from chalicelib.platform.table import rows
from tests.builders.motor_double import Calls
from tests.builders.waiting_jobs import (
    LINUX,
    a_waiting_job,
    an_empty_origin,
    job_of,
    note_origin,
)
from tests.builders.workers import access_of_a_worker_of, claim


def test_there_is_no_job_if_none_waits(worker: WorkerAccess, motor: Calls) -> None:
    assert claim(worker) is None
    assert motor == []


def test_a_job_of_another_target_is_not_handed_over(worker: WorkerAccess, origin: str) -> None:
    a_waiting_job(origin, target=Target.X86_64_WINDOWS)

    assert claim(worker) is None


def test_the_origin_with_the_fewest_running_jobs_comes_first(worker: WorkerAccess) -> None:
    busy, idle = an_empty_origin(), an_empty_origin()
    for _ in range(4):
        a_waiting_job(busy)
    for _ in range(2):
        a_waiting_job(idle)

    order = [job.origin for job in iter(lambda: claim(worker), None)]

    assert order == [busy, idle, busy, idle, busy, busy]


def test_the_oldest_group_and_the_heaviest_job_of_an_origin_come_first(worker: WorkerAccess, origin: str) -> None:
    light = a_waiting_job(origin, group_id=7, weight=1)
    heavy = a_waiting_job(origin, group_id=7, weight=9)
    older = a_waiting_job(origin, group_id=3)

    order = [job.id for job in iter(lambda: claim(worker), None)]

    assert order == [older.id, heavy.id, light.id]


def test_a_worker_of_an_origin_gets_only_the_jobs_of_its_origin(worker: WorkerAccess) -> None:
    own, other = an_empty_origin(), an_empty_origin()
    a_waiting_job(other)
    job = a_waiting_job(own)
    bound = access_of_a_worker_of(own)

    claimed = claim(bound)

    assert claimed is not None
    assert claimed.id == job.id
    assert job_of(job).worker_id == f"{own}/{bound.id}"
    assert claim(bound) is None


def test_many_origins_cannot_hide_the_jobs_of_another(worker: WorkerAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "ORIGINS_READ", 3)
    last = an_empty_origin("zzzz-last")
    for number in range(7):
        note_origin(LINUX, f"aaaa-{number}")
    job = a_waiting_job(last)

    claimed = [claim(worker) for _ in range(3)]

    assert [each.id for each in claimed if each is not None] == [job.id]


def test_origins_without_jobs_do_not_use_up_the_questions_of_a_search(
    worker: WorkerAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such origins have fewer running jobs than the one that waits, and would otherwise come first every time."""
    monkeypatch.setattr(search, "ORIGINS_ASKED", 8)
    busy = an_empty_origin()
    a_waiting_job(busy)
    assert claim(worker) is not None
    job = a_waiting_job(busy)
    for number in range(20):
        note_origin(LINUX, f"empty-{number}")

    claimed = [claim(worker) for _ in range(4)]

    assert [each.id for each in claimed if each is not None] == [job.id]


def test_only_an_old_row_of_an_origin_without_jobs_is_deleted(worker: WorkerAccess) -> None:
    old, young = an_empty_origin(), an_empty_origin()
    note_origin(LINUX, old, age=search.HINT_SECONDS + 1)
    note_origin(LINUX, young, age=search.HINT_SECONDS - 10)

    assert claim(worker) is None

    assert [row.sk for row in rows(WaitingOriginRow, build_rows.waiting_origins_partition(LINUX))] == [young]


def test_the_row_of_an_origin_that_is_written_again_meanwhile_is_kept(
    worker: WorkerAccess, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_origin(LINUX, origin, age=search.HINT_SECONDS + 1)
    forget = search._forget

    def write_and_forget(*arguments: Any) -> None:
        a_waiting_job(origin)
        forget(*arguments)

    monkeypatch.setattr(search, "_forget", write_and_forget)
    assert claim(worker) is None

    assert claim(worker) is not None
