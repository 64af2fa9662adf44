"""Batches hold all values in their order, and are read lazily."""

from itertools import count, islice

from chalicelib.core.batches import batches


def test_values_are_divided_in_their_order() -> None:
    assert list(batches(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batches([], 3)) == []


def test_values_are_read_batch_by_batch() -> None:
    values = count()
    assert list(islice(batches(values, 5), 2)) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert next(values) == 10
