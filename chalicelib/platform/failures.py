"""Failures in loops over many things, such as the origins of the depot. One that fails is skipped."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.platform import logs


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
