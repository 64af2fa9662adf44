"""Conflicts for moto, as in DynamoDB: of two requests that overlap in time on one row, the later one is refused.

| later request | refused while these use one of its rows | answer |
| --- | --- | --- |
| TransactWriteItems, checks included | TransactWriteItems, TransactGetItems, single writes | TransactionConflict |
| TransactGetItems | TransactWriteItems, single writes | TransactionConflict |
| PutItem, UpdateItem, DeleteItem | TransactWriteItems | TransactionConflictException |
| an entry of BatchWriteItem | TransactWriteItems | one of the UnprocessedItems |

TransactionConflict is a reason for which a transaction is cancelled. It stands at the place of each row in conflict.

A TransactWriteItems whose token is that of one in progress is refused with TransactionInProgressException. Other reads
never conflict, and single writes never conflict with each other.

A request uses its rows from its arrival, before it waits for a lock, until its answer. A transaction also lasts
`conflicts.seconds`, because moto applies it within a millisecond.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import TransactionCanceledException
from moto.dynamodb.responses import DynamoHandler

from local.moto_transactions import PASSED, TokenReusedError, Tokens, fingerprint_of
from local.patching import wrap

WRITES, READS, SINGLE = "transaction that writes", "transaction that reads", "single write"
REFUSED_BY = {WRITES: (WRITES, READS, SINGLE), READS: (WRITES, SINGLE), SINGLE: (WRITES,)}
SINGLE_OPERATIONS = ("PutItem", "UpdateItem", "DeleteItem")
ONGOING = "Transaction is ongoing for the item"
Row = tuple[Any, ...]


class _ConflictError(JsonRESTError):
    def __init__(self) -> None:
        super().__init__("com.amazonaws.dynamodb.v20120810#TransactionConflictException", ONGOING)


class _InProgressError(JsonRESTError):
    def __init__(self) -> None:
        kind = "com.amazonaws.dynamodb.v20120810#TransactionInProgressException"
        super().__init__(kind, "The transaction with the given request token is already in progress.")


@dataclass(slots=True)
class _Request:
    """A request that may conflict: its rows in the order of its operations, and those on which it is refused."""

    kind: str
    rows: Sequence[Row]
    is_batch: bool = False
    token: tuple[str, int] | None = None
    refused: frozenset[Row] = frozenset()
    error: JsonRESTError | None = None

    @property
    def held(self) -> set[Row]:
        """The rows that the request uses. Only a batch is refused in part."""
        if self.error is not None or (self.refused and not self.is_batch):
            return set()
        return set(self.rows) - self.refused


@dataclass
class Conflicts:
    """The requests in progress.

    seconds: how long each transaction lasts besides the time that moto takes.
    sleep: how that time passes, so that a simulation may use another clock.
    """

    tokens: Tokens
    seconds: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    _lock: Any = field(default_factory=threading.Lock)
    _used: dict[Row, Counter[str]] = field(default_factory=dict)
    _in_progress: dict[str, int] = field(default_factory=dict)
    _thread: Any = field(default_factory=threading.local)

    @contextmanager
    def registered(self, operation: str, body: Mapping[str, Any], backend: Any) -> Iterator[None]:
        """Register a request to a table for the block. A block inside another one belongs to the same request.

        Enter it before any lock that lets requests wait for each other.
        """
        request = None if self.current else _request(operation, body, backend)
        if request is None or (request.token and self.tokens.are_applied(request.token[0])):
            yield
            return
        self._begin(request)
        self._thread.request = request
        try:
            if self.seconds and request.kind != SINGLE and request.held:
                self.sleep(self.seconds)
            yield
        finally:
            self._thread.request = None
            self._end(request)

    @property
    def current(self) -> _Request | None:
        """The request that this thread handles, or None for one that cannot conflict."""
        return getattr(self._thread, "request", None)

    @property
    def used_rows(self) -> int:
        """The number of rows that requests in progress use."""
        return len(self._used)

    def _begin(self, request: _Request) -> None:
        with self._lock:
            if request.token and request.token[0] in self._in_progress:
                is_same = self._in_progress[request.token[0]] == request.token[1]
                request.error = _InProgressError() if is_same else TokenReusedError()
                return
            others = REFUSED_BY[request.kind]
            used = {row: self._used.get(row, Counter()) for row in request.rows}
            refused = (row for row, kinds in used.items() if any(kinds[kind] for kind in others))
            request.refused = frozenset(refused)
            for row in request.held:
                self._used.setdefault(row, Counter())[request.kind] += 1
            if request.token and request.held:
                self._in_progress[request.token[0]] = request.token[1]

    def _end(self, request: _Request) -> None:
        with self._lock:
            for row in request.held:
                kinds = self._used[row]
                kinds[request.kind] -= 1
                if not any(kinds.values()):
                    del self._used[row]
            if request.token and request.held:
                del self._in_progress[request.token[0]]


conflicts = Conflicts(Tokens())


def apply() -> None:
    """Patch moto in this process. Call this after the patch that runs the calls one at a time."""

    def call_action(original: Any, handler: DynamoHandler) -> Any:
        with conflicts.registered(handler._get_action(), getattr(handler, "params", {}), handler.dynamodb_backend):
            return original(handler)

    def refuse(original: Any, handler: DynamoHandler) -> Any:
        _raise_refusal(conflicts.current)
        return original(handler)

    wrap(DynamoHandler, "call_action", call_action)
    for name in ("put_item", "update_item", "delete_item", "transact_write_items", "transact_get_items"):
        wrap(DynamoHandler, name, refuse)
    wrap(DynamoHandler, "batch_write_item", _write_others)


def _raise_refusal(request: _Request | None) -> None:
    if request is None:
        return
    if request.error is not None:
        raise request.error
    if request.refused and request.kind == SINGLE:
        raise _ConflictError
    if request.refused:
        reason = ("TransactionConflict", ONGOING, None)
        raise TransactionCanceledException([reason if row in request.refused else PASSED for row in request.rows])


def _write_others(original: Any, handler: DynamoHandler) -> ActionResult:
    """Write the entries of a batch that do not conflict, and return the others as unprocessed."""
    request = conflicts.current
    if request is None or not request.refused:
        result: ActionResult = original(handler)
        return result
    rows = iter(request.rows)
    accepted: dict[str, list[Any]] = {}
    unprocessed: dict[str, list[Any]] = {}
    for table, entries in handler.body["RequestItems"].items():
        for entry in entries:
            (unprocessed if next(rows) in request.refused else accepted).setdefault(table, []).append(entry)
    handler.body = {**handler.body, "RequestItems": accepted}
    content: Any = original(handler).result
    return ActionResult({**content, "UnprocessedItems": unprocessed})


def _request(operation: str, body: Mapping[str, Any], backend: Any) -> _Request | None:
    """Return a request that may conflict, or None: for reads, and for invalid requests, which moto refuses."""
    try:
        if operation in SINGLE_OPERATIONS:
            return _Request(SINGLE, [_row(body, backend)])
        if operation == "BatchWriteItem":
            entries = ((table, entry) for table, several in body["RequestItems"].items() for entry in several)
            rows = [_row({"TableName": table, **next(iter(entry.values()))}, backend) for table, entry in entries]
            return _Request(SINGLE, rows, is_batch=True)
        if operation in ("TransactWriteItems", "TransactGetItems"):
            rows = [_row(next(iter(item.values())), backend) for item in body["TransactItems"]]
            token = body.get("ClientRequestToken")
            kind = WRITES if operation == "TransactWriteItems" else READS
            return _Request(kind, rows, token=(token, fingerprint_of(body)) if token else None)
    except Exception:  # noqa: BLE001 - of any kind: the request is invalid, and moto describes it
        return None
    return None


def _row(request: Mapping[str, Any], backend: Any) -> Row:
    table = backend.get_table(request["TableName"])
    attributes = request.get("Item") or request["Key"]
    return (table.table_arn, *(next(iter(attributes[name].items())) for name in table.table_key_attrs))
