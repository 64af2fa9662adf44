"""The steps of a job group do what is due, and a change is never slept through."""

from typing import Any

import pytest

from chalicelib.builds import motor, rows
from chalicelib.builds.groups import filling
from chalicelib.builds.rows import GroupRow, GuardRow
from chalicelib.builds.steps import group as steps
from chalicelib.core.builds.build_states import GroupState
from chalicelib.platform.clock import new_id
from chalicelib.platform.table import put_many
from tests.builders.engine_double import EngineDouble
from tests.builders.group_rows import LINUX, a_group, change_group, group_row
from tests.builders.rows import partition_rows

QUEUED, CANCELED = GroupState.QUEUED, GroupState.CANCELED


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose waits were ended."""
    tokens: list[str] = []
    monkeypatch.setattr(motor, "end_wait", tokens.append)
    return tokens


def check(group: GroupRow, rounds: int = 0, generation: int = 1) -> dict[str, Any]:
    """Take the step of a check as the function does."""
    event = {"step": "check", "group": int(group.id), "generation": generation, "rounds": rounds, "correlation_id": "x"}
    result: dict[str, Any] = steps.run(event)
    return result


def sleep(group: GroupRow, seen: GroupState) -> None:
    """Take the step that stores a token."""
    event = {"step": "sleep", "group": int(group.id), "generation": 1, "state": str(seen), "token": "a token"}
    steps.run(event)


def test_a_group_with_open_entries_sleeps(engine: EngineDouble) -> None:
    group = a_group()

    assert check(group) == {
        "group": int(group.id),
        "generation": 1,
        "rounds": 1,
        "state": "Dispatching",
        "next": "sleep",
    }


def test_a_group_without_open_entries_ends(engine: EngineDouble) -> None:
    group = a_group()
    engine.open[int(group.id)] = 0

    assert check(group)["next"] == "end"
    assert engine.called("finish") == [(int(group.id),)]


def test_a_queued_group_is_activated(engine: EngineDouble) -> None:
    group = a_group(QUEUED)

    assert check(group)["next"] == "sleep"
    assert engine.called("activate") == [(int(group.id),)]


def test_the_first_check_starts_what_the_request_has_not_started(engine: EngineDouble) -> None:
    group = a_group()

    for rounds in range(3):
        check(group, rounds)

    assert engine.called("activate") == [(int(group.id),)]


def test_a_group_that_is_not_ready_is_expanded(engine: EngineDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    group = a_group(QUEUED, is_ready=False)
    monkeypatch.setattr(filling, "expand", lambda _: change_group(group, GroupRow.is_ready.set(True)))

    assert check(group)["next"] == "sleep"
    assert engine.called("activate") == [(int(group.id),)]


def test_a_group_that_is_still_not_ready_is_left_alone(engine: EngineDouble) -> None:
    group = a_group(QUEUED, is_ready=False)

    assert check(group)["next"] == "sleep"
    assert [call[0] for call in engine.calls] == ["expand"]


def test_a_removed_group_ends_its_execution(engine: EngineDouble) -> None:
    assert check(GroupRow("GROUP#1", "GROUP", id=1))["next"] == "end"


def test_an_execution_that_was_replaced_ends(engine: EngineDouble) -> None:
    group = a_group(generation=2, is_ready=False)

    assert check(group, generation=1)["next"] == "end"
    assert engine.calls == []


def test_an_execution_is_renewed_before_its_history_is_full(engine: EngineDouble) -> None:
    group = a_group()

    assert check(group, rounds=steps.ROUNDS - 2)["next"] == "sleep"
    assert check(group, rounds=steps.ROUNDS - 1)["next"] == "renew"
    assert steps.ROUNDS * 15 < 5_000


def test_the_renewal_starts_the_next_generation(engine: EngineDouble) -> None:
    group = a_group()

    steps.run({"step": "renew", "group": int(group.id), "generation": 1})

    assert int(group_row(int(group.id)).generation) == 2


def test_rows_are_repaired_every_few_rounds_and_after_a_restart(engine: EngineDouble) -> None:
    group = a_group()
    for rounds in range(steps.ROUNDS_PER_REPAIR):
        check(group, rounds)
    assert len(engine.called("repair")) == 1

    change_group(group, GroupRow.generation.set(2))
    check(group, 0, generation=2)

    assert engine.called("repair") == [(int(group.id),)] * 2


def test_a_cancellation_that_left_a_part_is_completed_in_every_round(engine: EngineDouble) -> None:
    group = a_group(CANCELED)

    for rounds in range(2):
        check(group, rounds)

    assert engine.called("repair") == [(int(group.id),)] * 2


def test_a_group_is_listed_under_its_day(engine: EngineDouble) -> None:
    group = a_group(created_at="2020-02-29T12:00:00.000000")

    for _ in range(2):
        check(group)

    assert f"{int(group.id):019d}" in partition_rows("GROUPS-OF-DAY#2020-02-29")


def test_the_token_is_stored(engine: EngineDouble, woken: list[str]) -> None:
    group = a_group()

    sleep(group, GroupState.DISPATCHING)

    assert group_row(int(group.id)).sleeper == "a token"
    assert woken == []


def test_a_group_that_has_changed_since_the_check_is_woken(engine: EngineDouble, woken: list[str]) -> None:
    ended, canceled, free = a_group(), a_group(CANCELED), a_group(QUEUED)
    engine.open[int(ended.id)] = 0

    sleep(ended, GroupState.DISPATCHING)
    sleep(canceled, GroupState.DISPATCHING)
    sleep(free, QUEUED)

    assert len(woken) == 3


def test_a_group_that_waits_for_its_turn_or_for_canceled_jobs_sleeps(engine: EngineDouble, woken: list[str]) -> None:
    queued, canceled = a_group(QUEUED), a_group(CANCELED)
    key = rows.active_key(queued.root, LINUX)
    put_many([GuardRow(key.pk, key.sk, group_id=new_id())])

    sleep(queued, QUEUED)
    sleep(canceled, CANCELED)

    assert woken == []


def test_the_execution_of_a_removed_or_renewed_group_is_woken(engine: EngineDouble, woken: list[str]) -> None:
    sleep(GroupRow("GROUP#1", "GROUP", id=new_id()), QUEUED)
    sleep(a_group(generation=2), QUEUED)

    assert len(woken) == 2


def test_a_change_between_the_check_of_the_token_and_the_sleep_is_seen(
    engine: EngineDouble, woken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last job ends at any point of the step: either it finds the token, or the step finds that it has ended."""
    group = a_group()
    read_group = steps._find

    def find(group_id: int) -> GroupRow | None:
        engine.open[group_id] = 0  # the job ends just before the second read
        return read_group(group_id)

    monkeypatch.setattr(steps, "_find", find)
    sleep(group, GroupState.DISPATCHING)

    assert woken == ["a token"]


def test_a_fault_ends_the_group(engine: EngineDouble) -> None:
    steps.run({"step": "fault", "group": 7, "generation": 1})

    assert engine.calls == [("fail", 7)]


def test_an_unknown_step_is_refused(table: None) -> None:
    with pytest.raises(ValueError, match="dance"):
        steps.run({"step": "dance", "group": 1, "generation": 1})
