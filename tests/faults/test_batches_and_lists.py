"""Batches are completed and lists are read to their end, or fail as a whole."""

import pytest

from chalicelib.platform.retry_budget import shared_budget
from chalicelib.platform.table import StoreUnavailable, count, delete_many, put_many, read_many, rows
from tests.faults.injector import THROTTLED, TRANSIENT, Attempt, Fault, at_random, faults, unprocessed
from tests.faults.number_rows import NumberRow, keys_of, number_rows, numbers_in

pytestmark = pytest.mark.usefixtures("table")


@pytest.mark.parametrize("share", [0.04, 0.5, 1.0])
def test_unprocessed_entries_are_sent_again(share: float) -> None:
    pk, several = number_rows(130)
    partly = unprocessed(share)

    def every_other_call(attempt: Attempt) -> Fault | None:
        return partly if attempt.call % 2 else None

    with faults(every_other_call):
        put_many(several)
    assert numbers_in(pk) == list(range(130))

    with faults(every_other_call):
        result = read_many(keys_of(several))
    assert all(result.get(key) is not None for key in keys_of(several))

    with faults(every_other_call):
        delete_many(keys_of(several))
    assert count(NumberRow, pk) == 0


@pytest.mark.parametrize("seed", range(20))
def test_a_repeated_batch_writes_every_row(seed: int) -> None:
    pk, several = number_rows(60)

    with faults(at_random(seed, 0.3, list(TRANSIENT.values()))), shared_budget():
        try:
            put_many(several)
        except StoreUnavailable:
            put_many(several)

    assert count(NumberRow, pk) == 60


def test_a_batch_may_contain_a_key_twice() -> None:
    pk, [first, second] = number_rows(2)
    second.sk = first.sk

    put_many([first, second])
    assert numbers_in(pk) == [1]
    delete_many(keys_of([first, second]))
    assert numbers_in(pk) == []


def test_a_page_without_matching_rows_does_not_end_a_list() -> None:
    pk, several = number_rows(40)
    put_many(several)

    with faults() as wire:
        matching = [row.number for row in rows(NumberRow, pk, where=NumberRow.number >= 37, page=5)]
    assert matching == [37, 38, 39]
    assert len(wire.calls) >= 8

    with faults() as wire:
        matching = [row.number for row in rows(NumberRow, pk, where=NumberRow.number >= 3, limit=2, page=2)]
    assert matching == [3, 4]
    assert len(wire.calls) == 3


@pytest.mark.parametrize("limit", [0, 1, 5, 40, 50])
def test_a_limit_counts_the_rows_after_the_filter(limit: int) -> None:
    pk, several = number_rows(40)
    put_many(several)

    with faults() as wire:
        assert len(list(rows(NumberRow, pk, limit=limit))) == min(limit, 40)
    assert len(wire.calls) == (limit > 0)
    assert len(list(rows(NumberRow, pk, limit=limit, page=7))) == min(limit, 40)
    assert len(list(rows(NumberRow, pk, limit=limit, where=NumberRow.number > 30))) == min(limit, 9)


def test_a_list_that_cannot_be_read_to_its_end_raises_an_error() -> None:
    pk, several = number_rows(40)
    put_many(several)
    numbers = []

    with faults(lambda attempt: THROTTLED if attempt.call == 3 else None), pytest.raises(StoreUnavailable):
        for row in rows(NumberRow, pk, page=10):
            numbers.append(row.number)
    assert numbers == list(range(20))
