"""Histories: clients side by side, whose calls to the table a seed puts in order."""

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

from chalicelib.platform import retry_budget

CLIENTS = 20
HASTE = 0.15
"""How much less likely a write is to come next than a read: what it was decided on has grown old when it comes."""


class Killed(BaseException):
    """A client's process ends here; nothing in it may go on."""


class _Client:
    """One client: its thread stands still before every call to the table until it is its turn."""

    def __init__(self, act: Callable[[], None], lives_for: int | None) -> None:
        self._act = act
        self._calls_left = lives_for
        self._turn = threading.Semaphore(0)
        self._still = threading.Semaphore(0)
        self._end: Future[None] | None = None
        self.is_done = False
        self.writes_next = False

    def start(self, threads: ThreadPoolExecutor) -> None:
        """Run up to the first call."""
        self._end = threads.submit(self._live)
        self._still.acquire()

    def go_on(self) -> bool:
        """Make one call and run up to the next. True while there is one; raises what the client died of."""
        self._turn.release()
        self._still.acquire()
        if not self.is_done:
            return True
        assert self._end is not None
        self._end.result()
        return False

    def kill(self) -> None:
        """End before the next call."""
        self._calls_left = 0
        while not self.is_done:
            self._turn.release()
            self._still.acquire()

    def wait(self, operation: str) -> None:
        """Stand still before a call."""
        self.writes_next = operation == "TransactWriteItems"
        self._still.release()
        self._turn.acquire()
        if self._calls_left is not None:
            self._calls_left -= 1
            if self._calls_left < 0:
                raise Killed

    def _live(self) -> None:
        _here.client = self
        try:
            self._act()
        except Killed:
            return
        finally:
            _here.client = None
            self.is_done = True
            self._still.release()


_here = threading.local()


def stand_still(operation: str) -> None:
    """Let others go first, as clients do by themselves before every call to the table; nothing outside of histories."""
    client = getattr(_here, "client", None)
    if client is not None:
        client.wait(operation)


class Histories:
    """Runs clients so that only one of them thinks or calls at any time: every run of a seed is the same."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    def run(
        self,
        seed: random.Random,
        clients: Sequence[Callable[[], None]],
        after_each_call: Callable[[], None],
        killed: float = 0.0,
    ) -> None:
        """Let all clients end; that share of them is killed before one of its first calls."""
        waiting = []
        for act in clients:
            client = _Client(act, seed.randrange(8) if seed.random() < killed else None)
            client.start(self._threads)
            if not client.is_done:
                waiting.append(client)
        try:
            while waiting:
                [client] = seed.choices(waiting, [HASTE if client.writes_next else 1.0 for client in waiting])
                if not client.go_on():
                    waiting.remove(client)
                after_each_call()
        finally:
            for client in waiting:  # none, unless the history is at fault
                client.kill()


def _straight_to_the_engine(operation: str, request: dict[str, Any]) -> Any:
    """What the engine answers, without signing, serving and parsing HTTP, which is most of what a call costs."""
    handler = DynamoHandler()
    handler.current_account, handler.region, handler.body = "123456789012", "us-east-1", request
    try:
        return getattr(handler, xform_name(operation))().result
    except JsonRESTError as problem:
        told = json.loads(problem.description)
        error = {"Code": problem.relative_error_type, "Message": problem.message}
        response: Any = {"Error": error, "CancellationReasons": told.get("CancellationReasons", [])}
        raise ClientError(response, operation) from problem


@contextmanager
def histories() -> Iterator[Histories]:
    """Have clients stand still before every call to the table, and never sleep."""
    make_call = Connection._make_api_call

    def call(connection: Connection, operation: str, request: dict[str, Any]) -> Any:
        stand_still(operation)
        return make_call(connection, operation, request)

    with ThreadPoolExecutor(CLIENTS) as threads, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "_make_api_call", call)
        patch.setattr(Connection, "client", SimpleNamespace(_make_api_call=_straight_to_the_engine))
        patch.setattr(retry_budget, "sleep", lambda seconds: None)
        yield Histories(threads)
