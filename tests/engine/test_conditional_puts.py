"""Conditional writes of a whole row outside a transaction."""

import pytest

from chalicelib.platform.change import put_if
from chalicelib.platform.row import Key, KeyTooLong, Row
from chalicelib.platform.table import StoreUnavailable, read
from tests.faults.injector import THROTTLED, everything, faults, lost, once
from tests.faults.number_rows import NumberRow, number_rows

pytestmark = pytest.mark.usefixtures("table")


def stored(row: NumberRow) -> int | None:
    found = read(Key(NumberRow, row.pk, row.sk))
    return None if found is None else int(found.number)


def test_a_row_is_written_if_the_condition_holds() -> None:
    _, [row] = number_rows(1)

    assert put_if(row, Row.pk.does_not_exist())
    assert put_if(NumberRow(row.pk, row.sk, number=5), NumberRow.number == 0)
    assert stored(row) == 5


def test_a_row_is_not_written_if_the_condition_does_not_hold() -> None:
    _, [row] = number_rows(1)

    assert not put_if(row, NumberRow.number == 0)
    assert stored(row) is None


def test_a_lost_response_may_look_like_a_failed_condition() -> None:
    _, [row] = number_rows(1)

    with faults(once(1, lost)):
        assert not put_if(row, Row.pk.does_not_exist())

    assert stored(row) == 0


def test_an_outage_is_raised() -> None:
    _, [row] = number_rows(1)

    with faults(everything(THROTTLED)), pytest.raises(StoreUnavailable):
        put_if(row, Row.pk.does_not_exist())


def test_a_key_that_is_too_long_is_refused() -> None:
    with pytest.raises(KeyTooLong):
        put_if(NumberRow("numbers", "x" * 2_000, number=1), Row.pk.does_not_exist())
