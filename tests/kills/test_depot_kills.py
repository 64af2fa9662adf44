"""The short form of `make kill-depot`: a few kills and pauses while some clients write for some seconds."""

import time
from pathlib import Path

from tests.kills.depot.depot import Gate
from tests.kills.depot.ledger import Bounds, Entry, Ledger
from tests.kills.depot.run import Plan, run

SHORT = Plan(seconds=8, writers=8, readers=2, seed=11, pause=2, quiet=4, kills=3)
TOOL, LIBRARY = Entry("package", "acme", "tool"), Entry("package", "acme", "lib")


def test_lists_totals_and_answers_are_right_whatever_is_killed(tmp_path: Path) -> None:
    report = run(tmp_path, SHORT, print)

    assert report.faults == []
    assert report.interruptions.total() > 0
    assert report.packages > 0


def _count(ledger: Ledger, since: float) -> Bounds:
    return ledger.count("package", "acme", since, lambda entry, state: entry if state else None)


def test_a_count_includes_what_an_answer_has_confirmed() -> None:
    ledger = Ledger()
    ledger.begin({TOOL: ["public"], LIBRARY: ["public"]})
    assert _count(ledger, time.monotonic()) == Bounds(0, 2)

    ledger.settle({TOOL: "public", LIBRARY: None})

    assert _count(ledger, time.monotonic()) == Bounds(1, 1)


def test_a_request_without_an_answer_leaves_both_states_possible() -> None:
    ledger = Ledger()
    ledger.settle({TOOL: "public"})

    ledger.begin({TOOL: [None]})

    assert ledger.possible(TOOL) == {"public", None}


def test_a_read_may_show_every_state_since_its_beginning() -> None:
    ledger = Ledger()
    began = time.monotonic()
    ledger.settle({TOOL: "public"})
    ledger.settle({TOOL: None})

    assert ledger.possible(TOOL, began) == {None, "public"}
    assert ledger.possible(TOOL) == {None}
    assert _count(ledger, began) == Bounds(0, 1)


def test_no_writer_works_behind_a_closed_gate() -> None:
    gate = Gate()
    with gate.open():
        pass

    with gate.closed():
        gate.end()
        assert gate.is_over
