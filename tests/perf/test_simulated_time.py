"""The simulated clock of the measured writers: what passes on it, what overlaps on it, and what it counts."""

from contextlib import suppress
from functools import partial
from itertools import pairwise

import pytest

from chalicelib.platform.attributes import Action
from chalicelib.platform.change import Change, update_if
from chalicelib.platform.retry_budget import single_try
from chalicelib.platform.row import Key
from chalicelib.platform.table import StoreUnavailable, delete_many, put_many, read
from tests.builders.names import a_name
from tests.faults.number_rows import NumberRow, number_rows
from tests.perf.simulated_time import SimulatedTime, Writer, simulated_time

pytestmark = pytest.mark.usefixtures("table")


def a_number() -> Key[NumberRow]:
    """Write a row with the number 0 and return its key."""
    key = Key(NumberRow, a_name("number"), "n")
    put_many([NumberRow(key.pk, key.sk, number=0)])
    return key


def one_more() -> list[Action]:
    return [NumberRow.number.add(1)]


def twenty_transactions(key: Key[NumberRow], writer: Writer) -> None:
    """Add one to a number in each of twenty transactions."""
    for _ in range(20):
        with Change() as change:
            change.update(key, one_more())


def number_at(key: Key[NumberRow]) -> int:
    row = read(key)
    assert row is not None
    return int(row.number)


def test_clients_that_write_one_row_meet_and_all_succeed() -> None:
    key, refusals = a_number(), []

    def add(writer: Writer) -> None:
        for _ in range(3):
            with Change() as change:
                change.update(key, one_more())
        refusals.append(writer.refusals)
        assert writer.rows.keys() <= {key.pk}

    with simulated_time() as clock:
        clock.run([add] * 8)

    assert number_at(key) == 24
    assert sum(refusals) > 0


def test_clients_that_write_different_rows_do_not_meet() -> None:
    keys, refusals = [a_number() for _ in range(8)], []

    def adds_to(key: Key[NumberRow], writer: Writer) -> None:
        with Change() as change:
            change.update(key, one_more())
        refusals.append(writer.refusals)

    with simulated_time() as clock:
        clock.run([partial(adds_to, key) for key in keys])

    assert refusals == [0] * 8


@pytest.mark.parametrize("write", ["update_if", "put_many", "delete_many"])
def test_single_writes_that_meet_a_transaction_are_repeated(write: str) -> None:
    """The engine refuses the UpdateItem, and returns the entry of the batch as unprocessed."""
    key, met = a_number(), []

    def writes(writer: Writer) -> None:
        for _ in range(20):
            if write == "update_if":
                assert update_if(key, NumberRow.number >= 0, one_more()) is not None
            elif write == "delete_many":
                delete_many([key, Key(NumberRow, a_name("absent"), "n")])
            else:
                put_many([NumberRow(key.pk, key.sk, number=0), number_rows(1)[1][0]])
        met.append(writer.refusals)

    with simulated_time() as clock:
        clock.run([partial(twenty_transactions, key), writes])

    assert met[0] > 0
    assert write != "update_if" or number_at(key) == 40


def test_an_optional_write_that_meets_a_transaction_is_left_out() -> None:
    key, outcomes = a_number(), []

    def writes(writer: Writer) -> None:
        for _ in range(20):
            before = writer.refusals
            with single_try(), suppress(StoreUnavailable):
                put_many([NumberRow(key.pk, key.sk, number=-1000)])
            outcomes.append(writer.refusals - before)

    with simulated_time() as clock:
        clock.run([partial(twenty_transactions, key), writes])

    assert set(outcomes) == {0, 1}, "a single try each"


def test_a_seed_always_gives_the_same_run() -> None:
    def run(key: Key[NumberRow], seed: int) -> tuple[float, list[int]]:
        refusals = []

        def add(writer: Writer) -> None:
            with Change() as change:
                change.update(key, one_more())
            refusals.append(writer.refusals)

        with simulated_time(seed) as clock:
            clock.run([add] * 12)
        return clock.now, refusals

    assert run(a_number(), 3) == run(a_number(), 3) != run(a_number(), 4)


def test_time_passes_in_order_and_only_on_the_simulated_clock() -> None:
    moments: list[float] = []

    def sleeps(clock: SimulatedTime) -> None:
        for _ in range(10):
            clock.sleep(100.0)
            moments.append(clock.now)

    with simulated_time() as clock:
        clock.run([lambda _: sleeps(clock)] * 3)
        clock.sleep(100.0)  # this thread is not a client

    assert all(earlier <= later for earlier, later in pairwise(moments))
    assert 1000 <= clock.now < 1001


def test_the_error_of_a_client_is_raised() -> None:
    def fails(_: Writer) -> None:
        raise KeyError("of a client")

    with simulated_time() as clock, pytest.raises(KeyError):
        clock.run([fails, lambda _: None])
