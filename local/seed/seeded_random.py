"""Random choices that are the same on every machine and with every version of Python.

All of them use `random()`, the only method of `random.Random` whose values Python guarantees across versions.
"""

import random
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


class SeededRandom:
    """Random choices that depend only on a seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random  # noqa: S311 - must be repeatable, need not be secret

    def below(self, end: int) -> int:
        """Return a number from 0 to `end` - 1."""
        return int(self._random() * end)

    def chance(self, percent: int) -> bool:
        """Return True with the given probability."""
        return self.below(100) < percent

    def one_of(self, choices: Sequence[T]) -> T:
        """Return one of the choices, each with equal probability."""
        return choices[self.below(len(choices))]

    def weighted(self, choices: Sequence[tuple[int, T]]) -> T:
        """Return one of the choices, each with a probability proportional to its weight."""
        ends = list(accumulate(weight for weight, _ in choices))
        return choices[bisect_right(ends, self.below(ends[-1]))][1]

    def shuffled(self, choices: Sequence[T]) -> list[T]:
        """Return the choices in a random order."""
        result = list(choices)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result
