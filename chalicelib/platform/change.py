"""Transactions on the table, and the retry of routines whose reads have become stale."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import count as count_from
from typing import Any, TypeVar

from pynamodb.exceptions import PutError, TransactWriteError, UpdateError
from pynamodb.expressions.update import Update

from chalicelib.platform import metrics
from chalicelib.platform.attributes import Action, Condition
from chalicelib.platform.aws import CONFLICT
from chalicelib.platform.config import config
from chalicelib.platform.retry_budget import shared_budget, without_conflict_retries
from chalicelib.platform.row import Key, KeyTooLong, R, Row
from chalicelib.platform.table import StoreUnavailable, code_of, connection, failure_of

Result = TypeVar("Result")
TRANSACTION_LIMIT = 100
CONDITION_FAILED = "ConditionalCheckFailedException"


Request = dict[str, Any]
"""A member of a transaction, in DynamoDB's JSON."""

NOT_THERE = Row.pk.does_not_exist()


class Stale(Exception):
    """A row changed between reading and writing; read it again and decide again."""


class _Update:
    """All actions on one row: a transaction may update a row only once."""

    def __init__(self, key: Key[Any]) -> None:
        self.key = key
        self.actions: list[Action] = []
        self.condition: Condition | None = None
        self.otherwise: Exception = Stale()

    def request(self) -> Request:
        return _request({"Key": _stored_key(self.key)}, self.condition, self.actions)


_Step = tuple[Callable[[], Request], Exception]
"""Builds a member of the transaction when it is sent; the error to raise if its condition does not hold."""


class Change:
    """One transaction: all its rows are written, or none.

    ```python
    with Change() as change:
        change.check(origin, OriginRow.pk.exists(), otherwise=OriginMissing())
        change.put(row)
    ```

    The end of the block commits; after an exception inside it nothing is written. `otherwise` is the error that is
    raised if the condition does not hold, by default Stale. Transaction conflicts are retried with the same rows. If
    `may_choose_others` is True, they raise Stale at once: the routine reads again, and decides for rows that are free.
    """

    def __init__(self, *, may_choose_others: bool = False) -> None:
        self._may_choose_others = may_choose_others
        self._checks: list[_Step] = []
        self._deletes: list[_Step] = []
        self._puts: list[_Step] = []
        self._updates: dict[tuple[str, str], _Update] = {}
        self._afterwards: list[Callable[[], None]] = []

    def __enter__(self) -> "Change":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.commit()

    def check(self, key: Key[Any], condition: Condition, otherwise: Exception | None = None) -> None:
        """Require a condition on a row that the change does not write."""
        self._checks.append((lambda: _request({"Key": _stored_key(key)}, condition), otherwise or Stale()))

    def put(self, row: Row, condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Write a whole row. Raises KeyTooLong."""
        if not Key(type(row), row.pk, row.sk).fits:
            raise KeyTooLong
        self._puts.append((lambda: _request({"Item": row.serialize()}, condition), otherwise or Stale()))

    def add(self, row: Row, otherwise: Exception | None = None) -> None:
        """Write a whole row that must not exist yet. Raises KeyTooLong."""
        self.put(row, condition=NOT_THERE, otherwise=otherwise)

    def update(
        self,
        key: Key[Any],
        actions: Sequence[Action],
        condition: Condition | None = None,
        otherwise: Exception | None = None,
    ) -> None:
        """Change some attributes of a row, or create the row with them. Raises KeyTooLong.

        Several updates of one row are merged.
        """
        if not key.fits:
            raise KeyTooLong
        update = self._updates.setdefault((key.pk, key.sk), _Update(key))
        update.actions.extend(actions)
        if condition is not None:
            update.condition = condition if update.condition is None else update.condition & condition
            update.otherwise = otherwise or Stale()

    def delete(self, key: Key[Any], condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Delete a row. Does nothing if the row does not exist, unless the condition requires it."""
        self._deletes.append((lambda: _request({"Key": _stored_key(key)}, condition), otherwise or Stale()))

    def then(self, work: Callable[[], None]) -> None:
        """Do work after the change was committed, such as tidying. Its errors are raised although the change holds."""
        self._afterwards.append(work)

    def __len__(self) -> int:
        return len(self._checks) + len(self._deletes) + len(self._puts) + len(self._updates)

    def commit(self) -> None:
        """Write all rows. Raises the error of the first condition that fails, StoreUnavailable or StoreRefused."""
        if not len(self):
            return
        updates: list[_Step] = [(update.request, update.otherwise) for update in self._updates.values()]
        # PynamoDB sends the kinds of steps in this order, and the reasons of a refusal come in the same order.
        kinds = [self._checks, self._deletes, self._puts, updates]
        retries = without_conflict_retries() if self._may_choose_others else nullcontext()
        try:
            with retries:
                connection().transact_write_items(*([request() for request, _ in steps] for steps in kinds))
        except TransactWriteError as problem:
            errors = [error for steps in kinds for _, error in steps]
            error = _failed_condition(problem, errors) or failure_of(problem)
            if self._may_choose_others and _is_conflict(problem):
                error = Stale()
            if not isinstance(error, Stale):  # else the next attempt belongs to the same transaction
                metrics.current().end_transaction()
            if isinstance(error, StoreUnavailable):
                metrics.current().given_up += 1
            raise error from problem
        metrics.current().end_transaction()
        for work in self._afterwards:
            work()


def _stored_key(key: Key[Any]) -> Request:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def _request(of_row: Request, condition: Condition | None, actions: Sequence[Action] = ()) -> Request:
    """Return a member of a transaction. The same as PynamoDB's, which takes most of the time to build a transaction."""
    request: Request = {"TableName": config.table, **of_row}
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    if condition is not None:
        request["ConditionExpression"] = condition.serialize(names, values)
    if actions:
        request["UpdateExpression"] = Update(*actions).serialize(names, values)
    if names:
        request["ExpressionAttributeNames"] = {placeholder: name for name, placeholder in names.items()}
    if values:
        request["ExpressionAttributeValues"] = values
    return request


def update_if(key: Key[R], condition: Condition, actions: Sequence[Action]) -> R | None:
    """Change some attributes of one row and return the new row, or None if the condition does not hold.

    One UpdateItem: half the capacity of a transaction, and without its conflicts with other updates of the row. It is
    sent again after a lost response, so the condition and the actions must allow that. Raises StoreUnavailable or
    StoreRefused.
    """
    try:
        response = connection().update_item(
            config.table, key.pk, key.sk, actions=actions, condition=condition, return_values="ALL_NEW"
        )
    except UpdateError as problem:
        if code_of(problem) == CONDITION_FAILED:
            return None
        raise failure_of(problem) from problem
    return key.kind.from_raw_data(response["Attributes"])


def update(key: Key[Any], actions: Sequence[Action]) -> None:
    """Change some attributes of one row, or create it with them, outside a transaction. It may be made twice.

    Raises StoreUnavailable or StoreRefused.
    """
    try:
        connection().update_item(config.table, key.pk, key.sk, actions=actions)
    except UpdateError as problem:
        raise failure_of(problem) from problem


def put_if(row: Row, condition: Condition) -> bool:
    """Write a whole row outside a transaction. Returns False if the condition does not hold.

    One PutItem, which is sent again after a lost response. The result may then be False although the row was written.
    Raises KeyTooLong, StoreUnavailable or StoreRefused.
    """
    if not Key(type(row), row.pk, row.sk).fits:
        raise KeyTooLong
    try:
        connection().put_item(config.table, row.pk, row.sk, attributes=row.serialize(), condition=condition)
    except PutError as problem:
        if code_of(problem) == CONDITION_FAILED:
            return False
        raise failure_of(problem) from problem
    return True


def retry_when_stale(decide: Callable[[], Result]) -> Result:
    """Return the result of a read-decide-write routine, which runs again while it raises Stale.

    Raises StoreUnavailable when the retry budget is spent.
    """
    metrics.current().end_transaction()
    with shared_budget() as budget:
        for attempts in count_from(1):
            try:
                return decide()
            except Stale as problem:
                if not budget.pause(attempts, conflicts=True):
                    metrics.current().end_transaction()
                    metrics.current().given_up += 1
                    raise StoreUnavailable from problem
    raise AssertionError("unreachable")


def _failed_condition(problem: TransactWriteError, errors: list[Exception]) -> Exception | None:
    """Return the error of the first condition that failed, or None if no condition did."""
    for reason, error in zip(problem.cancellation_reasons, errors, strict=False):
        if reason is not None and reason.code == "ConditionalCheckFailed":
            return error
    return None


def _is_conflict(problem: TransactWriteError) -> bool:
    return {reason.code for reason in problem.cancellation_reasons if reason is not None} == {CONFLICT}
