"""Histories: concurrent clients whose calls to the table run in an order that depends on a seed."""

import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from moto.core.exceptions import JsonRESTError
from moto.dynamodb.responses import DynamoHandler
from pynamodb.connection.base import Connection

from chalicelib.catalog.long_changes import long_change_states
from chalicelib.platform import retry_budget
from local.moto_partitions import call_lock

CLIENTS = 20
WRITE_WEIGHT = 0.15
"""How probable a write is as the next call, relative to a read. Delayed writes use stale reads more often."""


class Killed(BaseException):
    """The process of a client ends at this point."""


class _Client:
    """One client. Its thread waits for its turn before every call to the table."""

    def __init__(self, act: Callable[[], None], lives_for: int | None) -> None:
        self._act = act
        self._calls_left = lives_for
        self._turn = threading.Semaphore(0)
        self._waiting = threading.Semaphore(0)
        self._end: Future[None] | None = None
        self.is_done = False
        self.writes_next = False

    def start(self, threads: ThreadPoolExecutor) -> None:
        """Run up to the first call."""
        self._end = threads.submit(self._live)
        self._waiting.acquire()

    def advance(self) -> bool:
        """Make one call and run up to the next. Returns False at the end. Raises the client's unexpected error."""
        self._turn.release()
        self._waiting.acquire()
        if not self.is_done:
            return True
        assert self._end is not None
        self._end.result()
        return False

    def kill(self) -> None:
        """End the client before its next call."""
        self._calls_left = 0
        while not self.is_done:
            self._turn.release()
            self._waiting.acquire()

    def wait(self, operation: str) -> None:
        """Wait for the turn to make a call."""
        self.writes_next = operation == "TransactWriteItems"
        self._waiting.release()
        self._turn.acquire()
        if self._calls_left is not None:
            self._calls_left -= 1
            if self._calls_left < 0:
                raise Killed

    def _live(self) -> None:
        _current.client = self
        try:
            self._act()
        except Killed:
            return
        finally:
            _current.client = None
            self.is_done = True
            self._waiting.release()


_current = threading.local()


def wait_for_turn(operation: str) -> None:
    """Let other clients go first, as before a call to the table. Does nothing outside of histories."""
    client = getattr(_current, "client", None)
    if client is not None:
        client.wait(operation)


class Histories:
    """Runs clients in turn, one at a time, so that a seed always gives the same history."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    def run(
        self,
        seed: random.Random,
        clients: Sequence[Callable[[], None]],
        after_each_call: Callable[[], None],
        killed: float = 0.0,
    ) -> None:
        """Run all clients to their ends. The share `killed` of them is killed before one of its first calls."""
        waiting = []
        for act in clients:
            client = _Client(act, seed.randrange(8) if seed.random() < killed else None)
            client.start(self._threads)
            if not client.is_done:
                waiting.append(client)
        try:
            while waiting:
                [client] = seed.choices(waiting, [WRITE_WEIGHT if client.writes_next else 1.0 for client in waiting])
                if not client.advance():
                    waiting.remove(client)
                after_each_call()
        finally:
            for client in waiting:  # only if the history itself failed
                client.kill()


def _straight_to_the_engine(operation: str, request: dict[str, Any]) -> Any:
    """Return the response of the engine without HTTP, which is most of the cost of a call.

    It waits for calls of threads that earlier tests have left, such as executions that time out.
    """
    handler = DynamoHandler()
    handler.current_account, handler.region, handler.body = "123456789012", "us-east-1", request
    try:
        with call_lock:
            return getattr(handler, xform_name(operation))().result
    except JsonRESTError as problem:
        description = json.loads(problem.description)
        error = {"Code": problem.relative_error_type, "Message": problem.message}
        response: Any = {"Error": error, "CancellationReasons": description.get("CancellationReasons", [])}
        raise ClientError(response, operation) from problem


@contextmanager
def histories() -> Iterator[Histories]:
    """Make every call to the table wait for its turn inside the block. Retries do not sleep."""
    make_call = Connection._make_api_call

    def call(connection: Connection, operation: str, request: dict[str, Any]) -> Any:
        wait_for_turn(operation)
        return make_call(connection, operation, request)

    with ThreadPoolExecutor(CLIENTS) as threads, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "_make_api_call", call)
        patch.setattr(Connection, "client", SimpleNamespace(_make_api_call=_straight_to_the_engine))
        patch.setattr(retry_budget, "sleep", lambda seconds: None)
        patch.setattr(long_change_states, "LEASE_SECONDS", 0.0)  # clients do not wait for one that was killed
        yield Histories(threads)
