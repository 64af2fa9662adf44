"""Failures that must not stop other work: of one of many things in a loop, and of optional work in a request."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.platform import logs, metrics
from chalicelib.platform.retry_budget import single_try
from chalicelib.platform.row import KeyTooLong
from chalicelib.platform.table import StoreRefused, StoreUnavailable


@contextmanager
def optional_work() -> Iterator[None]:
    """Make the calls of the block in a single attempt, and end the block at the first that fails.

    For work that a request does for later ones, such as a fold, after it has committed or read. A refusal of the table
    is a bug, and is logged.
    """
    given_up = metrics.current().given_up
    with single_try():
        try:
            yield
        except StoreUnavailable:
            metrics.current().given_up = given_up
        except (StoreRefused, KeyTooLong) as problem:
            logs.unexpected_error(problem)


class Failures:
    """The number of things that failed in a loop and were skipped. Each failure is logged with its causes."""

    def __init__(self) -> None:
        self.number = 0

    @contextmanager
    def skipped(self, unless: tuple[type[Exception], ...] = ()) -> Iterator[None]:
        """Log and count any error of the block, so that the loop continues with the next thing.

        Errors of the kinds `unless` are raised: they concern all things.
        """
        try:
            yield
        except unless:
            raise
        except Exception as problem:  # noqa: BLE001 - one failure of any kind must not stop the others
            logs.unexpected_error(problem)
            self.number += 1
            metrics.current().skipped += 1
