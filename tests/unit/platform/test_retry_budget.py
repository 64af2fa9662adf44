"""The retry budget of a request: back-off with jitter, shared by all calls, and spent after SECONDS."""

from collections.abc import Callable

import pytest

from chalicelib.platform import retry_budget
from chalicelib.platform.retry_budget import (
    CONFLICT_PAUSE,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    SECONDS,
    SHORTER,
    SHORTEST_PAUSE,
    RetryBudget,
    current,
    shared_budget,
    single_try,
)

Jitter = Callable[[float, float], float]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are slept, without sleeping; jitter always draws the longest pause."""
    slept: list[float] = []
    longest: Jitter = lambda _, upper: upper  # noqa: E731 - a function for monkeypatch
    monkeypatch.setattr(retry_budget, "sleep", slept.append)
    monkeypatch.setattr("chalicelib.platform.retry_budget.random.uniform", longest)
    return slept


def spend(budget: RetryBudget, lost: float = 0.0) -> int:
    """Fail attempts until the budget is spent. Return their number."""
    attempts = 1
    while budget.pause(attempts, lost):
        attempts += 1
    return attempts


def test_pauses_double_up_to_the_longest(pauses: list[float]) -> None:
    spend(RetryBudget())

    assert pauses[:5] == [FIRST_PAUSE * factor for factor in (1, 2, 4, 8, 16)]
    assert set(pauses[5:]) == {LONGEST_PAUSE}
    assert sum(pauses) <= SECONDS


def test_after_conflicts_the_pauses_become_shorter_from_the_second_on(pauses: list[float]) -> None:
    budget, attempts = RetryBudget(), 1
    while budget.pause(attempts, conflicts=True):
        attempts += 1

    assert pauses[:4] == [FIRST_PAUSE, *(CONFLICT_PAUSE * SHORTER**number for number in range(3))]
    assert pauses[1:] == sorted(pauses[1:], reverse=True)
    assert min(pauses[1:]) == SHORTEST_PAUSE
    assert sum(pauses) <= SECONDS
    assert attempts >= 20, "even with the longest pauses"


def test_a_pause_is_drawn_between_zero_and_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[tuple[float, float]] = []

    def drawn(lower: float, upper: float) -> float:
        limits.append((lower, upper))
        return 0.0

    monkeypatch.setattr(retry_budget, "sleep", lambda _: None)
    monkeypatch.setattr("chalicelib.platform.retry_budget.random.uniform", drawn)
    RetryBudget().pause(1)
    RetryBudget().pause(100)
    RetryBudget().pause(100, conflicts=True)

    assert limits == [(0, FIRST_PAUSE), (0, LONGEST_PAUSE), (0, SHORTEST_PAUSE)]


def test_the_duration_of_failed_attempts_is_charged(pauses: list[float]) -> None:
    assert spend(RetryBudget(), lost=SECONDS) == 1
    assert spend(RetryBudget(), lost=SECONDS / 2) == 2
    assert pauses == [FIRST_PAUSE]


def test_calls_inside_a_block_share_one_budget(pauses: list[float]) -> None:
    with shared_budget() as outer:
        with shared_budget() as inner:
            assert inner is outer is current()
        spend(outer)

        assert not current().pause(1)


def test_calls_outside_a_block_have_budgets_of_their_own(pauses: list[float]) -> None:
    with shared_budget() as budget:
        spend(budget)

    assert current() is not current()
    assert current().pause(1)


def test_a_single_try_has_no_budget_and_leaves_that_of_the_request(pauses: list[float]) -> None:
    with shared_budget() as budget:
        with single_try():
            assert not current().pause(1)
        assert current() is budget
        assert budget.pause(1)
