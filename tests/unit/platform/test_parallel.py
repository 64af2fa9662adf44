"""Calls in threads return their results in order, share the caller's context, and stop after a failure."""

import threading
from contextvars import ContextVar

import pytest

from chalicelib.platform import parallel

variable: ContextVar[str] = ContextVar("variable", default="")


@pytest.mark.parametrize("number", [0, 1, parallel.FEW, 100])
def test_results_are_in_the_order_of_the_values(number: int) -> None:
    assert parallel.each(lambda value: value * 2, range(number)) == [value * 2 for value in range(number)]


def test_few_calls_stay_in_the_thread_of_the_caller_and_many_share_its_context() -> None:
    token = variable.set("of the caller")
    try:
        few = parallel.each(lambda _: (threading.get_ident(), variable.get()), range(parallel.FEW))
        many = parallel.each(lambda _: (threading.get_ident(), variable.get()), range(50))
    finally:
        variable.reset(token)
    assert set(few) == {(threading.get_ident(), "of the caller")}
    assert threading.get_ident() not in {thread for thread, _ in many}
    assert {seen for _, seen in many} == {"of the caller"}


def test_the_error_of_the_first_failure_is_raised_and_later_calls_are_not_made() -> None:
    made = []

    def call(value: int) -> None:
        made.append(value)
        if value == 0:
            raise ValueError(value)

    with pytest.raises(ValueError, match="0"):
        parallel.each(call, range(10_000))
    assert len(made) < 10_000
