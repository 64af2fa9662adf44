"""The arithmetic of the cost model, on round figures."""

import pytest

from tests.perf import costs
from tests.perf.costs import Measured

NOTHING = Measured(calls=0, read_units=0, cpu_milliseconds=0)


def test_a_request_that_needs_nothing_costs_its_invocation_and_its_log_line() -> None:
    assert NOTHING.price == pytest.approx(0.20 + 0.40)


def test_units_objects_and_time_are_added() -> None:
    assert Measured(0, 8, 0).price - NOTHING.price == pytest.approx(1.00)
    assert Measured(0, 0, 0, object_reads=1).price - NOTHING.price == pytest.approx(0.40)
    assert Measured(1, 0, 0).price - NOTHING.price == pytest.approx(0.004 * 13.3334)
    assert Measured(0, 0, 1).price - NOTHING.price == pytest.approx(0.001 * 1769 / 1024 * 13.3334)


def test_the_session_is_weighed_by_its_shares() -> None:
    measured = dict.fromkeys(costs.SESSION, NOTHING)

    assert sum(costs.SESSION.values()) == pytest.approx(1)
    assert costs.session_price(measured) == pytest.approx(0.60)


def test_cloudfront_is_free_for_ten_million_requests_and_answers_the_repeats() -> None:
    assert costs.behind_cloudfront(1.0, 10) == pytest.approx(0.1)
    assert costs.behind_cloudfront(1.0, 100) == pytest.approx(0.9 + 0.1)


def test_the_table_has_a_row_for_each_volume() -> None:
    measured = dict.fromkeys(costs.SESSION, NOTHING)

    assert costs.rows(measured)[0] == ["10", "$0.60", "$0.06", "$0.06"]
