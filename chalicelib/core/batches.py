"""Division of many values into batches."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the values in lists of at most `size`, read lazily."""
    remaining = iter(values)
    while batch := list(islice(remaining, size)):
        yield batch
