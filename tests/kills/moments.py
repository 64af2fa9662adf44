"""The kills of a run: what is killed, and at which moment of the group. Both follow from the seed."""

import random
import signal
from collections.abc import Callable
from dataclasses import dataclass

from tests.kills.processes import KilledStack
from tests.kills.worker_program import KINDS

LINES_PER_PROJECT = 2
"""Lines of the journal per project, if nothing is repeated."""

MOST_LOSSES = 3
"""Kills of each worker within a group: a job fails rightly when it has lost its worker in four attempts."""


@dataclass(frozen=True)
class Moment:
    """A kill `delay` seconds after the journal has so many lines."""

    what: str
    lines: int
    delay: float


def _worker(kind: str, number: int = signal.SIGKILL) -> Callable[[KilledStack], None]:
    return lambda stack: stack.kill_workers((kind,), number)


def _everything(stack: KilledStack) -> None:
    stack.kill_workers(KINDS)
    stack.kill_server("API", master=True)
    stack.kill_server("functions", master=True)


KILLS: dict[str, Callable[[KilledStack], None]] = {
    **{f"worker {kind}": _worker(kind) for kind in KINDS},
    **{f"SIGTERM {kind}": _worker(kind, signal.SIGTERM) for kind in KINDS},
    "workers": lambda stack: stack.kill_workers(KINDS),
    "API": lambda stack: stack.kill_server("API", master=False),
    "API and its master": lambda stack: stack.kill_server("API", master=True),
    "functions": lambda stack: stack.kill_server("functions", master=False),
    "functions and their master": lambda stack: stack.kill_server("functions", master=True),
    "everything": _everything,
    "supervisor": lambda stack: stack.kill_supervisor(),
    "executions": lambda stack: stack.forget_executions(),
}
_WEIGHTS = {"API": 3, "API and its master": 2, "functions": 3, "executions": 3, "everything": 2}
_OF_ALL_WORKERS = ("workers", "everything")


def moments(choice: random.Random, number: int, projects: int) -> list[Moment]:
    """Return the kills of one group in their order."""
    lines = sorted(choice.randrange(projects * LINES_PER_PROJECT) for _ in range(number))
    losses = dict.fromkeys(KINDS, 0)
    chosen = []
    for line in lines:
        what = choice.choices([*KILLS], [_WEIGHTS.get(name, 1) for name in KILLS])[0]
        lost = KINDS if what in _OF_ALL_WORKERS else [kind for kind in KINDS if what.endswith(f" {kind}")]
        if any(losses[kind] == MOST_LOSSES for kind in lost):
            what = "executions"
            lost = []
        for kind in lost:
            losses[kind] += 1
        chosen.append(Moment(what, line, choice.choice((0.0, choice.uniform(0, 0.05), choice.uniform(0, 1)))))
    return chosen
