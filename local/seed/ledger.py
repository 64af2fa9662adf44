"""A change that stays in memory: what the service's own planning writes, without a table behind it.

A transaction costs an engine milliseconds. To fill a depot with many packages, the rules of the service decide on rows
of the ledger, what they write goes to the ledger, and rows that are finished go to the table in batches.
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
from chalicelib.platform.table import Found, Key, Row, read_many

BATCH = 25
"""What BatchWriteItem takes."""

WRITERS = 4
Item = dict[str, dict[str, Any]]


class UpdateNotUnderstood(Exception):
    """The service updates rows in a way that the ledger does not know."""


class Ledger(Change):
    """Rows as they would be in the table; nobody else may write to it meanwhile. Conditions are taken to hold."""

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[tuple[str, str], Item] = {}
        self._pool = ThreadPoolExecutor(WRITERS)
        self._writing: deque[Future[None]] = deque()
        self._written = 0

    def put_all(self, rows: Iterable[Row]) -> None:
        """Keep whole rows."""
        for row in rows:
            self.put(row)

    def load(self, keys: Sequence[Key[Any]]) -> None:
        """Take rows over from the table."""
        found = read_many(keys)
        for key in keys:
            row = found.get(key)
            if row is not None:
                self.put(row)

    def found(self, keys: Sequence[Key[Any]]) -> Found:
        """What a read of these rows would give."""
        places = [(key.pk, key.sk, key.kind) for key in keys if (key.pk, key.sk) in self._items]
        return Found({(pk, sk): kind.from_raw_data(dict(self._items[pk, sk])) for pk, sk, kind in places})

    def check(self, key: Key[Any], condition: Condition, otherwise: Exception | None = None) -> None:
        """Nothing: nobody else writes."""

    def put(self, row: Row, condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Keep a whole row."""
        self._items[row.pk, row.sk] = row.serialize()

    def update(
        self,
        key: Key[Any],
        actions: Sequence[Action],
        condition: Condition | None = None,
        otherwise: Exception | None = None,
    ) -> None:
        """Change some attributes of a row, or make it with them. Raises UpdateNotUnderstood."""
        item = self._items.setdefault((key.pk, key.sk), {"pk": {"S": key.pk}, "sk": {"S": key.sk}})
        for action in actions:
            path, operand = action.values
            (name,), value = path.values[0], operand.values[0]
            if isinstance(action, AddAction):
                item[name] = {"N": str(int(item.get(name, {"N": "0"})["N"]) + int(value["N"]))}
            elif isinstance(action, SetAction):
                item[name] = value
            else:
                raise UpdateNotUnderstood(repr(action))

    def delete(self, key: Key[Any], condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Forget a row."""
        self._items.pop((key.pk, key.sk), None)

    def write(self, keep: Sequence[Key[Any]] = ()) -> None:
        """Send all rows to the table but those that are still to change."""
        kept = {(key.pk, key.sk) for key in keep}
        items = [item for place, item in self._items.items() if place not in kept]
        self._items = {place: item for place, item in self._items.items() if place in kept}
        self._written += len(items)
        for batch in _batches(items):
            self._writing.append(self._pool.submit(_send, batch))
        while len(self._writing) > 10 * WRITERS:
            self._writing.popleft().result()

    def close(self) -> int:
        """Send what is left, wait until all is written, and give the number of rows."""
        self.write()
        while self._writing:
            self._writing.popleft().result()
        self._pool.shutdown()
        return self._written


def _batches(items: list[Item]) -> Iterator[list[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _send(items: list[Item]) -> None:
    waiting = {config.table: [{"PutRequest": {"Item": item}} for item in items]}
    while waiting:
        waiting = client("dynamodb").batch_write_item(RequestItems=waiting).get("UnprocessedItems", {})
