"""Random choices that are the same on every machine and with every version of Python.

`random()` is the only method of `random.Random` whose values Python guarantees across versions, so that every choice is
made with it.
"""

import random
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Choices that depend on a seed only."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random  # noqa: S311 - repeatable, not secret

    def below(self, end: int) -> int:
        """Return a number from 0 to `end` - 1."""
        return int(self._random() * end)

    def chance(self, percent: int) -> bool:
        """Return True with this probability."""
        return self.below(100) < percent

    def one_of(self, choices: Sequence[T]) -> T:
        """Return one of the choices, each as likely as the others."""
        return choices[self.below(len(choices))]

    def weighted(self, choices: Sequence[tuple[int, T]]) -> T:
        """Return one of the choices, each as likely as its weight."""
        ends = list(accumulate(weight for weight, _ in choices))
        return choices[bisect_right(ends, self.below(ends[-1]))][1]

    def shuffled(self, choices: Sequence[T]) -> list[T]:
        """Return the choices in another order."""
        found = list(choices)
        for last in range(len(found) - 1, 0, -1):
            other = self.below(last + 1)
            found[last], found[other] = found[other], found[last]
        return found
