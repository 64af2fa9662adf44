"""Everything that needs a failed entry is skipped once, and a repair completes what is missing (builds.md 8.4)."""

import pytest

from chalicelib.builds.engine.progress import count_closed
from chalicelib.builds.engine.propagation import pass_on, repair
from chalicelib.builds.engine.settling import ResultKind
from chalicelib.builds.rows import EntryRow, entry_key, order_text
from chalicelib.platform.change import Change
from tests.builders.job_groups import Group, Needs, a_group, build, start, waiting_jobs

pytestmark = pytest.mark.usefixtures("table")

SHAPES: dict[str, Needs] = {
    "a chain": [[], *([position] for position in range(30))],
    "a level": [[], *([0] for _ in range(120))],
    "diamonds": [[], *([max(0, position - 1), max(0, position - 2)] for position in range(1, 40))],
    "a tree": [[], *([position // 2] for position in range(60))],
}


def end_without_passing_on(group: Group, position: int, state: str) -> None:
    """Write the final state of an entry, as a settlement does that is interrupted then."""
    with Change() as change:
        change.update(entry_key(group.id, order_text(position)), [EntryRow.state.set(state)])
        count_closed(change, group.row, [order_text(position)])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_failure_skips_all_dependents_and_counts_each_once(shape: str) -> None:
    group = a_group([*SHAPES[shape], []])
    start(group)

    end_without_passing_on(group, 0, "failed")
    pass_on(group.row, group.entry(0))

    assert set(group.states[1:-1]) == {"skipped"}
    assert group.states[-1] == "running"
    assert group.open == 1
    assert group.entry(0).is_passed_on


def test_a_completion_starts_a_whole_level() -> None:
    group = a_group(SHAPES["a level"])
    start(group)

    build(group.origin)

    assert group.states == ["complete", *["running"] * 120]
    assert len(waiting_jobs(group.origin)) == 120


@pytest.mark.parametrize("state", ["complete", "failed"])
def test_a_repair_passes_on_what_an_interrupted_settlement_did_not(state: str) -> None:
    group = a_group([[], [0], [1]])
    start(group)
    end_without_passing_on(group, 0, state)

    repair(group.row)
    repair(group.row)

    assert group.states == (["complete", "running", "waiting"] if state == "complete" else ["failed", *["skipped"] * 2])
    assert group.entry(0).is_passed_on


def test_a_repair_starts_what_is_ready(woken: list[int]) -> None:
    group = a_group([[], [0]])

    repair(group.row)

    assert group.states == ["running", "waiting"]
    assert woken == []


def test_a_repair_wakes_a_group_in_which_nothing_is_open(woken: list[int]) -> None:
    group = a_group([[]])
    start(group)
    build(group.origin)
    woken.clear()

    repair(group.row)

    assert woken == [group.id]


def test_entries_are_skipped_once_if_two_dependencies_fail() -> None:
    group = a_group([[], [], [0, 1], [2]])
    start(group)

    build(group.origin, ResultKind.FAILED)
    build(group.origin, ResultKind.FAILED)

    assert group.states == ["failed", "failed", "skipped", "skipped"]
    assert group.open == 0


def test_a_repeat_leaves_the_dependents_that_run_alone() -> None:
    group = a_group([[], [], [0, 1]])
    start(group)
    build(group.origin)
    build(group.origin)
    with Change() as change:
        change.update(entry_key(group.id, "000000"), [EntryRow.is_passed_on.set(False)])
    before = group.rows

    pass_on(group.row, group.entry(0))

    assert group.entry(0).is_passed_on
    assert {sk: row for sk, row in group.rows.items() if sk != "ENTRY#000000"} == {
        sk: row for sk, row in before.items() if sk != "ENTRY#000000"
    }


def test_nothing_is_skipped_in_a_canceled_group() -> None:
    group = a_group([[], [0]])
    start(group)
    end_without_passing_on(group, 0, "failed")
    group.change(state="Canceled")

    pass_on(group.row, group.entry(0))
    assert group.states == ["failed", "waiting"]
    repair(group.row)

    assert group.states == ["failed", "canceled"]
