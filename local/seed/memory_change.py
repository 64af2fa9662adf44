"""A change that collects rows in memory and writes them in batches instead of one transaction.

A transaction takes an engine milliseconds. To fill a depot with many packages, the service's own code reads and changes
rows in memory, and rows that no longer change are written to the table with BatchWriteItem.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action, AddAction, SetAction

from chalicelib.platform.aws import client
from chalicelib.platform.change import Change
from chalicelib.platform.config import config
from chalicelib.platform.row import Key, Row
from chalicelib.platform.table import Found, read_many

BATCH_WRITE_LIMIT = 25
THREADS = 4
MAX_PENDING_BATCHES = 10 * THREADS
Item = dict[str, dict[str, Any]]


class ActionUnsupported(Exception):
    """The service updates a row with an action that this class does not implement."""


class MemoryChange(Change):
    """Rows in memory, as the table would have them. Nothing else may write them, so conditions are not checked."""

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[tuple[str, str], Item] = {}
        self._pool = ThreadPoolExecutor(THREADS)
        self._pending: deque[Future[None]] = deque()
        self._written = 0

    def put_all(self, rows: Iterable[Row]) -> None:
        """Put several rows."""
        for row in rows:
            self.put(row)

    def load(self, keys: Sequence[Key[Any]]) -> None:
        """Read rows from the table into memory."""
        stored = read_many(keys)
        for key in keys:
            row = stored.get(key)
            if row is not None:
                self.put(row)

    def read(self, keys: Sequence[Key[Any]]) -> Found:
        """Return the rows in memory as `read_many` returns those of the table."""
        present = [key for key in keys if (key.pk, key.sk) in self._items]
        return Found({(key.pk, key.sk): key.kind.from_raw_data(dict(self._items[key.pk, key.sk])) for key in present})

    def check(self, key: Key[Any], condition: Condition, otherwise: Exception | None = None) -> None:
        """Do nothing: conditions are not checked."""

    def put(self, row: Row, condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Put a row."""
        self._items[row.pk, row.sk] = row.serialize()

    def update(
        self,
        key: Key[Any],
        actions: Sequence[Action],
        condition: Condition | None = None,
        otherwise: Exception | None = None,
    ) -> None:
        """Update attributes of a row, which is created if it is missing. Raises ActionUnsupported."""
        item = self._items.setdefault((key.pk, key.sk), {"pk": {"S": key.pk}, "sk": {"S": key.sk}})
        for action in actions:
            path, operand = action.values
            (name,), value = path.values[0], operand.values[0]
            if isinstance(action, AddAction):
                item[name] = {"N": str(int(item.get(name, {"N": "0"})["N"]) + int(value["N"]))}
            elif isinstance(action, SetAction):
                item[name] = value
            else:
                raise ActionUnsupported(repr(action))

    def delete(self, key: Key[Any], condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Delete a row."""
        self._items.pop((key.pk, key.sk), None)

    def forget(self, pk: str) -> None:
        """Drop the rows of a partition without writing them."""
        self._items = {key: item for key, item in self._items.items() if key[0] != pk}

    def flush(self, keep: Sequence[Key[Any]] = ()) -> None:
        """Write all rows to the table and drop them from memory, except those of `keep`, which will change again."""
        kept = {(key.pk, key.sk) for key in keep}
        items = [item for key, item in self._items.items() if key not in kept]
        self._items = {key: item for key, item in self._items.items() if key in kept}
        self._written += len(items)
        for batch in _batches(items):
            self._pending.append(self._pool.submit(_write, batch))
        while len(self._pending) > MAX_PENDING_BATCHES:
            self._pending.popleft().result()

    def close(self) -> int:
        """Write the remaining rows, wait until all are written, and return the number of rows written."""
        self.flush()
        while self._pending:
            self._pending.popleft().result()
        self._pool.shutdown()
        return self._written


def _batches(items: list[Item]) -> Iterator[list[Item]]:
    for start in range(0, len(items), BATCH_WRITE_LIMIT):
        yield items[start : start + BATCH_WRITE_LIMIT]


def _write(items: list[Item]) -> None:
    unprocessed = {config.table: [{"PutRequest": {"Item": item}} for item in items]}
    while unprocessed:
        unprocessed = client("dynamodb").batch_write_item(RequestItems=unprocessed).get("UnprocessedItems", {})
