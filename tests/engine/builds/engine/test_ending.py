"""A group ends by itself, by a cancel or by a fault, and the next one of its root begins (builds.md 8.3, 8.6)."""

from typing import Any

import pytest

from chalicelib.builds.engine import ending
from chalicelib.builds.engine.ending import cancel, fail, finish, open_entries
from chalicelib.builds.engine.entries import close
from chalicelib.builds.engine.propagation import repair
from chalicelib.builds.engine.settling import Cause, ResultKind, settle
from chalicelib.builds.rows import active_key, open_group_key, queued_key
from chalicelib.catalog.origin_rows import OriginRow, origin_key
from chalicelib.core.builds.build_states import GroupState
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found, read, read_many
from tests.builders.job_groups import LINUX, Group, a_group, build, claim, report, slots_of, start, waiting_jobs

pytestmark = pytest.mark.usefixtures("table")


def is_listed(group: Group) -> bool:
    """Whether the group is among those that have not ended, or is still the active one."""
    return read(open_group_key(LINUX, group.id)) is not None or read(active_key(group.row.root, LINUX)) is not None


def test_a_group_with_open_entries_does_not_finish() -> None:
    group = a_group([[], [0]])
    start(group)

    assert open_entries(group.row) == 2
    assert not finish(group.id)

    assert group.state == "Dispatching"
    assert is_listed(group)


@pytest.mark.parametrize("kind", [ResultKind.COMPLETE, ResultKind.FAILED])
def test_a_group_ends_complete_also_if_builds_failed(kind: ResultKind) -> None:
    group = a_group([[], [0]])
    start(group)
    while waiting_jobs(group.origin):
        build(group.origin, kind)

    assert finish(group.id)
    assert finish(group.id)

    assert group.state == "Complete"
    assert not is_listed(group)


def test_the_queued_group_of_the_root_becomes_active(woken: list[int]) -> None:
    group = a_group([[]])
    queued = a_group([[]], GroupState.QUEUED, origin=group.origin)
    start(group)
    build(group.origin)

    finish(group.id)

    assert (queued.state, queued.states) == ("Dispatching", ["running"])
    assert woken == [group.id, queued.id]


def test_a_group_whose_entries_are_being_written_does_not_finish() -> None:
    group = a_group([[]])
    start(group)
    build(group.origin)
    group.change(is_ready=False)

    assert not finish(group.id)
    assert finish(123)


def test_a_cancel_ends_what_waits_and_stops_what_runs(woken: list[int]) -> None:
    group = a_group([[], [], [0, 1]])
    start(group)
    held = claim(group.origin)
    assert held is not None

    cancel(group.id)

    assert group.state == "Canceled"
    assert group.states == ["running", "canceled", "canceled"]
    assert [group.job(position).state for position in (0, 1)] == ["CancelPending", "CancelComplete"]
    assert waiting_jobs(group.origin) == []
    assert woken == [group.id]
    assert group.open == 1
    assert not finish(group.id)


def test_a_cancel_is_recorded_in_the_transaction_of_the_state(woken: list[int]) -> None:
    group = a_group([[]])
    key = origin_key(group.origin)

    with pytest.raises(KeyError):
        cancel(group.id, lambda change: change.check(key, OriginRow.pk.exists(), otherwise=KeyError("origin")))

    assert group.state == "Dispatching"
    assert woken == []


def test_the_last_canceled_job_ends_the_group_canceled(woken: list[int]) -> None:
    group = a_group([[], [0]])
    start(group)
    job = claim(group.origin)
    assert job is not None
    cancel(group.id)
    cancel(group.id)

    settle(int(job.id), 1, Cause.LOST)

    assert woken == [group.id] * 3
    assert finish(group.id)
    assert group.state == "Canceled"
    assert not is_listed(group)


def test_a_cancel_of_an_ended_group_does_nothing(woken: list[int]) -> None:
    group = a_group([[]])
    start(group)
    build(group.origin)
    finish(group.id)
    woken.clear()
    before = group.rows

    cancel(group.id)
    fail(group.id)
    cancel(123)

    assert group.rows == before
    assert woken == []


def test_finished_entries_of_a_canceled_group_keep_their_states() -> None:
    group = a_group([[], [0], [1]])
    start(group)
    build(group.origin)

    cancel(group.id)

    assert group.states == ["complete", "canceled", "canceled"]


def test_a_canceled_group_gives_its_place_in_the_queue_up() -> None:
    active = a_group([[]])
    queued = a_group([[]], GroupState.QUEUED, origin=active.origin)

    cancel(queued.id)

    assert (queued.state, queued.states) == ("Canceled", ["canceled"])
    assert read(queued_key(queued.row.root, LINUX)) is None
    assert finish(queued.id)
    guard = read(active_key(active.row.root, LINUX))
    assert guard is not None
    assert guard.group_id == active.id


def test_a_fault_of_the_engine_fails_the_group_and_stops_its_jobs() -> None:
    group = a_group([[], [], [0, 1]])
    start(group)
    claim(group.origin)

    fail(group.id)
    cancel(group.id)

    assert group.state == "Failed"
    assert group.states == ["running", "canceled", "canceled"]
    assert group.job(0).state == "CancelPending"


def test_a_job_that_completes_while_its_group_is_canceled_keeps_its_result_and_starts_nothing() -> None:
    group = a_group([[], [0]])
    start(group)
    job = claim(group.origin)
    assert job is not None
    report(job)
    group.change(state="Canceled")  # the cancel has not come to the entries yet

    settle(int(job.id), 1, Cause.REPORTED)
    assert group.states == ["complete", "waiting"]
    repair(group.row)

    assert group.states == ["complete", "canceled"]


def test_a_job_lost_while_its_group_is_canceled_is_not_tried_again() -> None:
    group = a_group([[]])
    start(group)
    job = claim(group.origin)
    assert job is not None
    group.change(state="Canceled")

    settle(int(job.id), 1, Cause.LOST)

    assert group.job(0).state == "CancelComplete"
    assert slots_of(group.origin) == []


def test_an_entry_that_starts_while_its_group_is_canceled_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    group = a_group([[], []])

    def start_first(*arguments: Any) -> list[str]:
        group.change(state="Dispatching")  # as the start had read it
        start(group)
        group.change(state="Canceled")
        return close(*arguments)

    monkeypatch.setattr("chalicelib.builds.engine.stopping.close", start_first)

    cancel(group.id)

    assert group.states == ["canceled", "canceled"]
    assert waiting_jobs(group.origin) == []


def test_a_cancel_stops_a_part_of_a_very_large_group_and_the_repair_the_rest(
    monkeypatch: pytest.MonkeyPatch, woken: list[int]
) -> None:
    monkeypatch.setattr(ending, "STOPPED_BY_A_REQUEST", 100)
    group = a_group([[]] * 250)

    cancel(group.id)
    assert group.states.count("canceled") == 100
    repair(group.row)

    assert set(group.states) == {"canceled"}
    assert woken == [group.id, group.id]


def test_a_job_that_a_worker_claims_while_its_group_is_canceled_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    group = a_group([[]])
    start(group)

    def claim_meanwhile(keys: list[Key[Any]]) -> Found:
        found = read_many(keys)
        claim(group.origin)
        return found

    monkeypatch.setattr("chalicelib.builds.engine.stopping.read_many", claim_meanwhile)

    cancel(group.id)

    assert group.job(0).state == "CancelPending"
    assert len(slots_of(group.origin)) == 2
    settle(group.job_id(0), 1, Cause.LOST)
    assert group.states == ["canceled"]
    assert slots_of(group.origin) == []
    assert group.open == 0
