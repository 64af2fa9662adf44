"""Ids and times (accounts.md 1.2, packages.md section 11)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.platform.clock import EPOCH_MS, new_id, now, timestamp

EPOCH = datetime.fromtimestamp(EPOCH_MS / 1000, UTC)
MOMENTS = st.datetimes(EPOCH.replace(tzinfo=None), datetime(2049, 7, 1), timezones=st.just(UTC))


def test_every_call_returns_a_later_time() -> None:
    times = [now() for _ in range(10_000)]

    assert all(one < other for one, other in pairwise(times))
    assert all(time.tzinfo is UTC for time in times)


def test_a_timestamp_has_microseconds_and_no_zone() -> None:
    assert timestamp(datetime(2024, 8, 5, 12, 1, 28, tzinfo=UTC)) == "2024-08-05T12:01:28.000000"
    assert timestamp(datetime(2024, 8, 5, 12, 1, 28, 7, tzinfo=UTC)) == "2024-08-05T12:01:28.000007"


@given(MOMENTS)
def test_ids_are_63_bit_numbers_with_the_milliseconds_above_23_random_bits(moment: datetime) -> None:
    id_ = new_id(moment)

    assert 0 <= id_ < 2**63
    assert abs((id_ >> 23) - (moment - EPOCH) / timedelta(milliseconds=1)) <= 1


@given(MOMENTS)
def test_later_ids_are_larger(moment: datetime) -> None:
    assert new_id(moment) < new_id(moment + timedelta(milliseconds=2))


def test_ids_of_one_moment_differ() -> None:
    moment = datetime(2024, 8, 5, tzinfo=UTC)

    assert len({new_id(moment) for _ in range(20)}) > 1
