"""Clients of the API whose clock is simulated: threads that run one at a time, in the order of the time of each.

AWS's calls take the time that they take in a region, requests to AWS that overlap in simulated time conflict
(`local/moto_conflicts.py`), and the pauses between tries pass on the same clock. So the tries of each write depend
neither on the machine nor on its load, and a seed always gives the same run.
"""

import heapq
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any
from unittest.mock import patch

from moto.core.botocore_stubber import BotocoreStubber

from chalicelib.platform import parallel, retry_budget
from local import aws_limits
from local.moto_conflicts import conflicts
from tests.builders.waiting import PATIENCE

TRANSACTION_SECONDS = 0.010
"""How long a transaction uses its rows, from its arrival at the table until its answer."""

SECONDS = {"dynamodb": 0.004, "s3": 0.030}
"""How long other calls take, and what a transaction takes besides."""

OTHER_SECONDS = 0.020
CPU_SECONDS = 0.001
"""The work of the handler before each call."""

JITTER = 0.5, 1.5
CONFLICTS = frozenset({"TransactionConflict", "TransactionConflictException"})


@dataclass
class Writer:
    """The thread of a client: what AWS has refused since it began its current request."""

    refusals: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    """The kinds of the partitions of the rows that were refused, over all requests."""


@dataclass
class SimulatedTime:
    """A clock that the threads of a run share."""

    random: random.Random
    now: float = 0.0
    _pending: list[tuple[float, int, threading.Semaphore]] = field(default_factory=list)
    _number: int = 0
    _thread: threading.local = field(default_factory=threading.local)
    _failures: list[BaseException] = field(default_factory=list)

    def run(self, clients: Sequence[Callable[[Writer], None]]) -> None:
        """Run clients to their ends, all from now on. Raises the first error of a client, and TimeoutError."""
        starts = [(client, self._later(0.0)) for client in clients]
        threads = [threading.Thread(target=self._live, args=start, daemon=True) for start in starts]
        for thread in threads:
            thread.start()
        self._go_on()
        for thread in threads:
            self._join(thread)
        if self._failures:
            raise self._failures[0]

    def sleep(self, seconds: float) -> None:
        """Let other clients run until some seconds have passed. In other threads, time does not pass."""
        if self.writer is None:
            return
        turn = self._later(seconds)
        self._go_on()
        turn.acquire()

    @property
    def writer(self) -> Writer | None:
        """The writer that this thread plays, if it does."""
        return getattr(self._thread, "writer", None)

    def some(self, seconds: float) -> float:
        """Return about so many seconds."""
        return seconds * self.random.uniform(*JITTER)

    def _later(self, seconds: float) -> threading.Semaphore:
        turn = threading.Semaphore(0)
        self._number += 1
        heapq.heappush(self._pending, (self.now + seconds, self._number, turn))
        return turn

    def _go_on(self) -> None:
        """Let the next thread run."""
        if self._pending:
            moment, _, turn = heapq.heappop(self._pending)
            self.now = max(self.now, moment)
            turn.release()

    def _join(self, thread: threading.Thread) -> None:
        before = -1
        while thread.is_alive() and before != self._number:
            before = self._number
            thread.join(PATIENCE)
        if thread.is_alive():
            raise TimeoutError("a client holds a lock of the process while it waits for AWS")

    def _live(self, client: Callable[[Writer], None], turn: threading.Semaphore) -> None:
        turn.acquire()
        self._thread.writer = Writer()
        try:
            self.sleep(self.some(0.05))  # clients do not begin at the same moment
            client(self._thread.writer)
        except BaseException as problem:  # noqa: BLE001 - raised in the main thread
            self._failures.append(problem)
        finally:
            self._go_on()


@contextmanager
def simulated_time(seed: int = 1) -> Iterator[SimulatedTime]:
    """Let the calls and the pauses of clients pass on a simulated clock, inside the block."""
    time = SimulatedTime(random.Random(seed))
    process_request = BotocoreStubber.process_request

    def process(stubber: Any, request: Any) -> Any:
        writer = time.writer
        if writer is None:
            return process_request(stubber, request)
        service = next((name for name in SECONDS if name in request.url), "")
        if "X-Amz-Target" in request.headers:
            target = request.headers["X-Amz-Target"]
            is_table = (target if isinstance(target, str) else target.decode()).startswith("DynamoDB_")
            service = "dynamodb" if is_table else ""
        way = time.some(SECONDS.get(service, OTHER_SECONDS)) / 2
        time.sleep(time.some(CPU_SECONDS) + way)
        response: Any = process_request(stubber, request)
        if service == "dynamodb":
            _note_refusals(writer, request.body, *response)
        time.sleep(way)
        return response

    def one_after_the_other(call: Callable[[Any], Any], values: Any, few: int = 0) -> list[Any]:
        return [call(value) for value in values]

    with (
        patch.object(BotocoreStubber, "process_request", process),
        patch.object(retry_budget, "sleep", time.sleep),
        patch.object(retry_budget, "clock", lambda: time.now),
        patch.object(retry_budget, "random", time.random),
        patch.object(parallel, "each", one_after_the_other),
        patch.object(aws_limits, "SECONDS", inf),  # of the real clock
        patch.object(conflicts, "seconds", TRANSACTION_SECONDS),
        patch.object(conflicts, "sleep", time.sleep),
    ):
        yield time


def _note_refusals(writer: Writer, body: bytes, status: int, _headers: Any, answer: str | bytes) -> None:
    """Count a call that AWS refused because of other writers, and the rows on which they met."""
    if status == 200 and b"UnprocessedItems" not in (answer if isinstance(answer, bytes) else answer.encode()):
        return
    request, content = json.loads(body), json.loads(answer)
    reasons = [reason["Code"] for reason in content.get("CancellationReasons", ())]
    rows = [
        _kind_of(next(iter(item.values()))) + ("" if reason in CONFLICTS else " (condition)")
        for item, reason in zip(request.get("TransactItems", ()), reasons, strict=False)
        if reason != "None"
    ]
    kind = str(content.get("__type", "")).rpartition("#")[2]
    if kind in CONFLICTS or kind == "ConditionalCheckFailedException":
        rows = [_kind_of(request) + ("" if kind in CONFLICTS else " (condition)")]
    unprocessed = [entry for entries in content.get("UnprocessedItems", {}).values() for entry in entries]
    rows += [_kind_of(next(iter(entry.values()))) for entry in unprocessed]
    writer.refusals += bool(rows)
    writer.rows.update(rows)


def _kind_of(request: dict[str, Any]) -> str:
    row = request.get("Item") or request["Key"]
    return str(row["pk"]["S"]).partition("#")[0]
