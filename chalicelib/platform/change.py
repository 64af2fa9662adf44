"""Changes of the table that happen together or not at all, and routines that decide anew when others were faster."""

from collections.abc import Callable, Sequence
from itertools import count as count_from
from typing import Any, TypeVar

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib.platform.attributes import Action, Condition
from chalicelib.platform.retry_budget import bounded
from chalicelib.platform.table import Key, KeyTooLong, Row, StoreUnavailable, connection, failure_of

Decided = TypeVar("Decided")
TRANSACTION_LIMIT = 100


class Stale(Exception):
    """A row changed between reading and writing; read again and decide anew."""


class _Update:
    """The actions on one row; several updates of a row become one."""

    def __init__(self, key: Key[Any]) -> None:
        self.key = key
        self.actions: list[Action] = []
        self.condition: Condition | None = None
        self.otherwise: Exception = Stale()

    def send(self, transaction: TransactWrite) -> None:
        row = self.key.kind(self.key.pk, self.key.sk)
        transaction.update(row, self.actions, condition=self.condition)


_Step = tuple[Callable[[TransactWrite], None], Exception]


class Change:
    """Rows written together or not at all: one transaction.

    ```python
    with Change() as change:
        change.check(origin, OriginRow.pk.exists(), otherwise=OriginMissing())
        change.put(row)
    ```

    The end of the block commits; an exception inside it writes nothing. Every condition names the error to raise when
    it does not hold (Stale unless given). A transaction conflict is retried.
    """

    def __init__(self) -> None:
        self._checks: list[_Step] = []
        self._deletes: list[_Step] = []
        self._puts: list[_Step] = []
        self._updates: dict[tuple[str, str], _Update] = {}

    def __enter__(self) -> "Change":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.commit()

    def check(self, key: Key[Any], condition: Condition, otherwise: Exception | None = None) -> None:
        """Demand something of a row that is not written."""
        self._checks.append(
            (lambda tx: tx.condition_check(key.kind, key.pk, key.sk, condition=condition), otherwise or Stale())
        )

    def put(self, row: Row, condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Write a whole row. Raises KeyTooLong."""
        if not Key(type(row), row.pk, row.sk).fits:
            raise KeyTooLong
        self._puts.append((lambda tx: tx.save(row, condition=condition), otherwise or Stale()))

    def add(self, row: Row, otherwise: Exception | None = None) -> None:
        """Write a row that must be new."""
        self.put(row, condition=Row.pk.does_not_exist(), otherwise=otherwise)

    def update(
        self,
        key: Key[Any],
        actions: Sequence[Action],
        condition: Condition | None = None,
        otherwise: Exception | None = None,
    ) -> None:
        """Change some attributes of a row, or create it with them. Several updates of one row become one."""
        if not key.fits:
            raise KeyTooLong
        update = self._updates.setdefault((key.pk, key.sk), _Update(key))
        update.actions.extend(actions)
        if condition is not None:
            update.condition = condition if update.condition is None else update.condition & condition
            update.otherwise = otherwise or Stale()

    def delete(self, key: Key[Any], condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Remove a row; removing what is not there is no error unless the condition says so."""
        row = key.kind(key.pk, key.sk)
        self._deletes.append((lambda tx: tx.delete(row, condition=condition), otherwise or Stale()))

    def __len__(self) -> int:
        return len(self._checks) + len(self._deletes) + len(self._puts) + len(self._updates)

    def commit(self) -> None:
        """Write it all. Raises the error of the first condition that fails, or StoreUnavailable."""
        # PynamoDB sends checks, deletes, puts and updates in this order, and reasons come back in the order sent.
        steps = [*self._checks, *self._deletes, *self._puts]
        steps += [(update.send, update.otherwise) for update in self._updates.values()]
        if not steps:
            return
        try:
            with TransactWrite(connection=connection()) as transaction:
                for step, _ in steps:
                    step(transaction)
        except TransactWriteError as problem:
            _raise_failed_condition(problem, [error for _, error in steps])
            raise failure_of(problem) from problem


def again_when_stale(decide: Callable[[], Decided]) -> Decided:
    """Run a read-decide-write routine again while others get in between. Raises StoreUnavailable when that goes on."""
    with bounded() as patience:
        for tries in count_from(1):
            try:
                return decide()
            except Stale as problem:
                if not patience.pause(tries):
                    raise StoreUnavailable from problem
    raise AssertionError("unreachable")


def _raise_failed_condition(problem: TransactWriteError, errors: list[Exception]) -> None:
    for reason, error in zip(problem.cancellation_reasons, errors, strict=False):
        if reason is not None and reason.code == "ConditionalCheckFailed":
            raise error from problem
