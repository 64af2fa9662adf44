"""Calls to AWS at the same time, for work that consists of many independent calls."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Value = TypeVar("Value")
Result = TypeVar("Result")

THREADS = 16
FEW = 8
"""So few calls are made one after the other: threads would not save noticeable time."""


def each(call: Callable[[Value], Result], values: Iterable[Value], few: int = FEW) -> list[Result]:
    """Return the results of a call for several values, in their order.

    More than `few` calls run in threads, with the correlation id and the retry budget of the caller. Raises the error
    of the first value that fails; calls that have not begun by then are not made.
    """
    pending = list(values)
    if len(pending) <= few:
        return [call(value) for value in pending]
    with ThreadPoolExecutor(min(THREADS, len(pending))) as threads:
        futures = [threads.submit(copy_context().run, call, value) for value in pending]
        try:
            return [future.result() for future in futures]
        except BaseException:  # also Ctrl-C, after which the remaining calls must not begin
            threads.shutdown(wait=False, cancel_futures=True)
            raise
