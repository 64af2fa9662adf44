"""After the end of an execution, group and job come to a legal state (builds.md 16.3)."""

import pytest

from chalicelib.builds.engine.settling import Cause
from chalicelib.builds.steps.reconcile import GENERATIONS, reconcile
from chalicelib.core.builds.build_states import JobState
from tests.builders.engine_double import EngineDouble
from tests.builders.group_rows import a_group, group_row
from tests.builders.job_rows import a_job


def test_a_group_gets_its_next_execution_once(engine: EngineDouble) -> None:
    group = a_group()

    for _ in range(2):
        reconcile(f"grp-{group.id}-1")

    assert int(group_row(int(group.id)).generation) == 2


def test_a_group_whose_entries_have_ended_is_finished(engine: EngineDouble) -> None:
    group = a_group()
    engine.open[int(group.id)] = 0

    reconcile(f"grp-{group.id}-1")

    assert engine.calls == [("finish", int(group.id))]
    assert int(group_row(int(group.id)).generation) == 1


def test_a_group_that_needs_too_many_executions_fails(engine: EngineDouble) -> None:
    group = a_group(generation=GENERATIONS)

    reconcile(f"grp-{group.id}-{GENERATIONS}")

    assert int(group_row(int(group.id)).generation) == GENERATIONS
    assert engine.called("fail") == [(int(group.id),)]


def test_an_attempt_is_settled_and_its_log_archived(engine: EngineDouble) -> None:
    job = a_job(JobState.FAILED, attempt=2)

    reconcile(f"job-{job.id}-2")

    assert engine.called("settle") == [(int(job.id), 2, Cause.LOST)]
    assert engine.called("archive") == [(int(job.id),)]


@pytest.mark.parametrize("name", ["", "grp", "grp-1", "grp--1", "grp-x-1", "grp-1-1", "job-x-1", "other-1-1"])
def test_other_names_are_ignored(engine: EngineDouble, name: str) -> None:
    reconcile(name)

    assert engine.calls == []
