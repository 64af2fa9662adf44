"""Failures in loops over many things, such as the origins of the depot. One that fails is skipped."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.platform import logs


class Failures:
    """The number of things that failed in a loop and were skipped. Each failure is logged with its causes."""

    def __init__(self) -> None:
        self.number = 0

    def note(self, problem: Exception) -> None:
        """Log and count an error."""
        logs.unexpected_error(problem)
        self.number += 1

    @contextmanager
    def skipped(self) -> Iterator[None]:
        """Log and count any error of the block, so that the loop continues with the next thing."""
        try:
            yield
        except Exception as problem:  # noqa: BLE001 - one bad thing of any kind must not stop the others
            self.note(problem)
