"""Groups of thousands of projects end, and the calls for one job do not grow with its group (builds.md 19).

`make large-groups` runs them at full size.
"""

import os

import pytest

from chalicelib.builds.engine.ending import cancel, finish
from chalicelib.builds.engine.propagation import repair
from chalicelib.builds.engine.settling import ResultKind
from tests.builders.job_groups import a_group, build, start, waiting_jobs
from tests.perf.calls import counted_calls

pytestmark = pytest.mark.usefixtures("table")

PROJECTS = int(os.environ.get("LARGE_GROUP", "90"))
CALLS_OF_A_JOB = 8
"""GetItem and BatchGetItem of the job, its transaction; UpdateItem, BatchGetItem and transaction of the dependent that
starts; the mark that the state was passed on; and the progress."""


def test_every_job_of_a_chain_takes_the_same_few_calls() -> None:
    group = a_group([[], *([position] for position in range(PROJECTS - 1))])
    start(group)

    for _ in range(PROJECTS):
        with counted_calls() as calls:
            build(group.origin)
        of_the_worker = 4  # the claim and the report of the tests
        note = calls["BatchWriteItem"]  # of the origin, once a minute
        assert sum(calls.values()) - note <= CALLS_OF_A_JOB + of_the_worker

    assert set(group.states) == {"complete"}
    assert finish(group.id)


def test_a_failure_at_the_beginning_of_a_chain_reads_the_group_once() -> None:
    group = a_group([[], *([position] for position in range(PROJECTS - 1))])
    start(group)

    with counted_calls() as calls:
        build(group.origin, ResultKind.FAILED)

    assert group.states == ["failed", *["skipped"] * (PROJECTS - 1)]
    assert sum(calls.values()) <= 20 + PROJECTS // 80
    assert group.open == 0


def test_all_jobs_of_a_level_start_and_end() -> None:
    group = a_group([[], *([0] for _ in range(PROJECTS - 1))])
    start(group)

    with counted_calls() as calls:
        build(group.origin)
    assert len(waiting_jobs(group.origin)) == PROJECTS - 1
    assert calls["UpdateItem"] == PROJECTS
    assert calls["TransactWriteItems"] <= 4 + PROJECTS // 14

    while waiting_jobs(group.origin):
        build(group.origin)
    assert set(group.states) == {"complete"}
    assert finish(group.id)


def test_a_cancel_of_a_level_of_waiting_jobs_is_bounded() -> None:
    group = a_group([[]] * PROJECTS)
    start(group)

    with counted_calls() as calls:
        cancel(group.id)
        repair(group.row)

    assert set(group.states) == {"canceled"}
    assert waiting_jobs(group.origin) == []
    assert sum(calls.values()) <= 10 + PROJECTS // 8
    assert finish(group.id)
