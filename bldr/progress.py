"""How far long work is: bars on a terminal, plain lines everywhere else."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from chalicelib.core.hart_refusals import one_line

Tick = Callable[[int], None]
"""Told how many bytes more have passed; a negative number when some have to pass again."""

LONGEST_LINE = 2000


class Watch(Protocol):
    """Shows work as it happens; safe to use from several threads."""

    def say(self, line: str) -> None:
        """Tell something that has happened."""

    @contextmanager
    def transfer(self, label: str, size: int | None) -> Iterator[Tick]:
        """Show a transfer of so many bytes while the context lasts."""


def no_tick(_: int) -> None:
    """For transfers that nobody watches."""


@contextmanager
def watching(console: Console) -> Iterator[Watch]:
    """Bars if the console is a terminal, else lines only."""
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


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()

    def say(self, line: str) -> None:
        with self._lock:
            self._console.print(one_line(line, LONGEST_LINE), markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def transfer(self, label: str, size: int | None) -> Iterator[Tick]:
        yield no_tick


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars

    def say(self, line: str) -> None:
        self._bars.console.print(one_line(line, LONGEST_LINE), markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def transfer(self, label: str, size: int | None) -> Iterator[Tick]:
        task = self._bars.add_task(label, total=size)
        try:
            yield lambda count: self._bars.advance(task, count)
        finally:
            self._bars.remove_task(task)
