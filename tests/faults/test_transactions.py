"""Transactions during faults: retried under one token, and failed conditions are raised at once."""

import json

import pytest

from chalicelib.platform import retry_budget
from chalicelib.platform.change import Change, Stale, retry_when_stale
from chalicelib.platform.row import Key
from chalicelib.platform.table import StoreRefused, StoreUnavailable, read
from tests.faults.injector import TRANSIENT, Fault, Wire, cancelled, everything, faults, lost, once, refused
from tests.faults.number_rows import NumberRow, adding, number_rows

pytestmark = pytest.mark.usefixtures("table")


def tokens(wire: Wire) -> set[str]:
    return {json.loads(attempt.body)["ClientRequestToken"] for attempt in wire.attempts}


@pytest.mark.parametrize("name", TRANSIENT)
def test_a_retried_transaction_keeps_its_token(name: str) -> None:
    _, [row] = number_rows(1)

    with faults(once(1, TRANSIENT[name])) as wire:
        adding(row).commit()

    assert [attempt.number for attempt in wire.attempts] == [1, 2]
    assert len(tokens(wire)) == 1
    assert read(Key(NumberRow, row.pk, row.sk)) is not None


def test_different_transactions_have_different_tokens() -> None:
    _, several = number_rows(3)

    with faults() as wire:
        for row in several:
            adding(row).commit()

    assert len(tokens(wire)) == 3


def test_a_lost_response_does_not_cause_a_conflict() -> None:
    _, [row] = number_rows(1)

    with faults(lambda attempt: lost if attempt.number < 5 else None) as wire:
        adding(row, otherwise=KeyError("exists")).commit()

    assert len(wire.attempts) == 5


def test_a_failed_condition_is_raised_at_once() -> None:
    _, [row] = number_rows(1)

    with faults(once(1, cancelled("ConditionalCheckFailed"))) as wire, pytest.raises(KeyError):
        adding(row, otherwise=KeyError("exists")).commit()

    assert len(wire.attempts) == 1


def test_a_failed_condition_is_raised_at_once_even_with_a_conflict_on_another_row() -> None:
    _, [row] = number_rows(1)
    change = adding(row, otherwise=KeyError("exists"))
    change.delete(Key(NumberRow, row.pk, "other"))

    conflict = cancelled("TransactionConflict", "ConditionalCheckFailed")  # deletes are sent before puts
    with faults(once(1, conflict)) as wire, pytest.raises(KeyError):
        change.commit()

    assert len(wire.attempts) == 1


@pytest.mark.parametrize("fault", [refused(400, "ValidationException"), cancelled("ValidationError")])
def test_an_invalid_request_is_not_retried(fault: Fault) -> None:
    _, [row] = number_rows(1)

    with faults(everything(fault)) as wire, pytest.raises(StoreRefused):
        adding(row).commit()

    assert len(wire.attempts) == 1


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException"])
def test_a_permanent_fault_is_not_retried(code: str) -> None:
    _, [row] = number_rows(1)

    with faults(everything(refused(400, code))) as wire, pytest.raises(StoreUnavailable):
        adding(row).commit()

    assert len(wire.attempts) == 1


@pytest.mark.parametrize(
    ("fault", "conflicts"),
    [
        (cancelled("TransactionConflict"), True),
        (cancelled("ThrottlingError"), False),
        (cancelled("TransactionConflict", "ThrottlingError"), False),
        (refused(400, "TransactionConflictException"), True),
        (refused(400, "ThrottlingException"), False),
        (lost, False),
    ],
)
def test_only_conflicts_with_other_writers_have_pauses_that_become_shorter(
    fault: Fault, conflicts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[bool] = []
    pause = retry_budget.RetryBudget.pause

    def noting(budget: retry_budget.RetryBudget, attempts: int, lost: float = 0.0, *, conflicts: bool = False) -> bool:
        drawn.append(conflicts)
        return pause(budget, attempts, lost, conflicts=conflicts)

    monkeypatch.setattr(retry_budget.RetryBudget, "pause", noting)
    _, rows = number_rows(2)
    change = adding(rows[0])
    change.add(rows[1])
    with faults(once(1, fault)):
        change.commit()

    assert drawn == [conflicts]


def test_a_change_that_may_choose_other_rows_is_stale_after_a_conflict_and_repeated_after_an_outage() -> None:
    _, rows = number_rows(1)

    def adding_any(row: NumberRow) -> Change:
        change = Change(may_choose_others=True)
        change.add(row, otherwise=KeyError("exists"))
        return change

    with faults(once(1, cancelled("TransactionConflict"))) as wire, pytest.raises(Stale):
        adding_any(rows[0]).commit()
    assert len(wire.attempts) == 1

    with faults(once(1, cancelled("ThrottlingError"))) as wire:
        adding_any(rows[0]).commit()
    assert len(wire.attempts) == 2


def test_a_routine_that_stays_stale_is_given_up_when_the_budget_is_spent() -> None:
    attempts = 0

    def decide() -> None:
        nonlocal attempts
        attempts += 1
        raise Stale

    with faults() as wire, pytest.raises(StoreUnavailable):
        retry_when_stale(decide)
    assert attempts >= 8
    assert wire.seconds <= retry_budget.SECONDS
