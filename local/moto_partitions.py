"""Partitions of a moto table that keep their items sorted, so that a Query costs as much as its page."""

import copy
import threading
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import RESULT_SIZE_LIMIT

Page = tuple[list[Item], int, dict[str, Any] | None]
call_lock = threading.RLock()
"""Held by each DynamoDB call, from after its body was read until its answer is serialised."""


class Partition(dict[DynamoType, Item]):
    """The items of one hash key, by range key as in moto, and the sorted range keys."""

    def __init__(self) -> None:
        super().__init__()
        self._order: list[str] = []
        self._by_text: dict[str, Item] = {}

    def __setitem__(self, range_key: DynamoType, item: Item) -> None:
        if range_key.value not in self._by_text:
            insort(self._order, range_key.value)
        self._by_text[range_key.value] = item
        super().__setitem__(range_key, item)

    def __delitem__(self, range_key: DynamoType) -> None:
        self.pop(range_key)

    def pop(self, range_key: DynamoType) -> Item:  # type: ignore[override]  # moto passes no default
        """Remove and return an item. Raises KeyError."""
        item = super().pop(range_key)
        del self._by_text[range_key.value]
        del self._order[bisect_left(self._order, range_key.value)]
        return item

    def between(self, comparison: str | None, values: list[str], after: str | None, forward: bool) -> Iterator[Item]:
        """Yield the items whose range key matches a comparison, in the given direction, starting after `after`."""
        low, high = self._bounds(comparison, values)
        if after is not None and forward:
            low = max(low, bisect_right(self._order, after))
        elif after is not None:
            high = min(high, bisect_left(self._order, after))
        positions = range(low, high) if forward else range(high - 1, low - 1, -1)
        return (self._by_text[self._order[position]] for position in positions)

    def _bounds(self, comparison: str | None, values: list[str]) -> tuple[int, int]:
        """Return start and end of the matching range keys. The legacy API spells the operators differently."""
        if comparison is None:
            return 0, len(self._order)
        first, last = values[0], values[-1]
        low, high = bisect_left(self._order, first), bisect_right(self._order, last)
        if comparison == "BEGINS_WITH":
            length = len(first)
            high = bisect_right(self._order, first, key=lambda text: text[:length])
        elif comparison in ("<", "LT"):
            low, high = 0, low
        elif comparison in ("<=", "LE"):
            low = 0
        elif comparison in (">", "GT"):
            low, high = high, len(self._order)
        elif comparison in (">=", "GE"):
            high = len(self._order)
        elif comparison not in ("=", "EQ", "BETWEEN"):
            raise ValueError(f"unknown comparison of a range key: {comparison}")
        return low, high


def adopt(table: Any) -> None:
    """Give a new table sorted partitions. Tables whose range key is not a string stay unchanged."""
    if table.range_key_type == "S":
        table.items = defaultdict(Partition)


def query(  # noqa: PLR0913, PLR0917 - moto's own parameters
    table: Any,
    hash_key: DynamoType | None,
    range_comparison: str | None,
    range_objs: list[DynamoType],
    limit: int | None,
    exclusive_start_key: dict[str, Any] | None,
    scan_index_forward: bool,
    projection_expressions: list[list[str]] | None,
    index_name: str | None = None,
    consistent_read: bool = False,
    filter_expression: Any = None,
    **more: Any,
) -> Page | None:
    """Return a page of one partition like moto's Table.query, or None for indexes and legacy filters, left to moto."""
    legacy = set(more) - {"hash_key_conditions", "range_key_conditions"}
    if index_name or legacy or hash_key is None or table.range_key_type != "S":
        return None
    comparison = range_comparison.upper() if range_comparison else None
    if comparison is not None and any(value.type != "S" for value in range_objs):
        return None
    partition = table.items.get(hash_key) or Partition()
    after = exclusive_start_key[table.range_key_attr]["S"] if exclusive_start_key else None
    items = partition.between(comparison, [value.value for value in range_objs], after, scan_index_forward is not False)
    page, more_follow = _page(items, limit)
    # As in AWS, the last key is that of the unfiltered page, and filtered items count as scanned.
    last_key = table._get_last_evaluated_key(page[-1], None) if more_follow else None
    matching = page if filter_expression is None else [item for item in page if filter_expression.expr(item)]
    copies = [copy.deepcopy(item) for item in matching]
    if projection_expressions:
        copies = [item.project(projection_expressions) for item in copies]
    return copies, len(page), last_key


def _page(items: Iterator[Item], limit: int | None) -> tuple[list[Item], bool]:
    """Return items up to a limit or 1 MB, and whether more follow."""
    page: list[Item] = []
    size = 0
    for item in items:
        size += item.size()
        if len(page) == limit or (page and size > RESULT_SIZE_LIMIT):
            return page, True
        page.append(item)
    return page, False
