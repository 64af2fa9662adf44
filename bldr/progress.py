"""Progress of long work: bars on a terminal, plain lines everywhere else."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from bldr.errors import BldrError
from chalicelib.core.harts.hart_refusals import one_line

K = TypeVar("K")

Advance = Callable[[int], None]
"""Adds a number of bytes to the progress of a transfer; a negative number before bytes are sent again."""

LONGEST_LINE = 2000


class ProgressReporter(Protocol):
    """Shows the progress of work. Safe for use from several threads."""

    def report(self, line: str) -> None:
        """Print one line."""

    @contextmanager
    def transfer(self, label: str, size: int | None) -> Iterator[Advance]:
        """Show a transfer of `size` bytes (None: unknown) until the context ends."""


@contextmanager
def progress_on(console: Console) -> Iterator[ProgressReporter]:
    """Provide a reporter: bars and lines if the console is a terminal, else only lines."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        yield _Bars(bars)


def report_errors(progress: ProgressReporter, errors: Mapping[K, BldrError], label: Callable[[K], str] = str) -> int:
    """Report the errors of tasks, each on its own line, and return how many there are.

    The label of the task is left out if the message of the error contains it.
    """
    for key, error in errors.items():
        message = str(error) if label(key) in str(error) else f"{label(key)}: {error}"
        progress.report(f"failed: {message}")
    return len(errors)


def ignore_progress(_: int) -> None:
    """Do nothing with the progress of a transfer."""


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()

    def report(self, line: str) -> None:
        with self._lock:
            _print_line(self._console, line)

    @contextmanager
    def transfer(self, label: str, size: int | None) -> Iterator[Advance]:
        yield ignore_progress


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars

    def report(self, line: str) -> None:
        _print_line(self._bars.console, line)

    @contextmanager
    def transfer(self, label: str, size: int | None) -> Iterator[Advance]:
        task = self._bars.add_task(label, total=size)
        try:
            yield lambda count: self._bars.advance(task, count)
        finally:
            self._bars.remove_task(task)


def _print_line(console: Console, line: str) -> None:
    console.print(one_line(line, LONGEST_LINE), markup=False, highlight=False, soft_wrap=True)
