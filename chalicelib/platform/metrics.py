"""What a request or a function measures while it runs; its log line carries the metrics (docs/OPERATIONS.md).

Names and dimensions are bounded: routes, statuses and kinds of refusals; never idents, accounts or texts of clients.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from chalicelib.core.deferred import deferred
from chalicelib.platform import logs

with deferred():  # imports powertools
    from chalicelib.platform import emf

Group = tuple[dict[str, str], dict[str, list[float]]]
"""Dimensions, and the values of metrics."""

MOST_VALUES = 99
"""A line holds fewer than 100 values of one metric."""


def is_server_error(status: int) -> bool:
    """Return whether a status means that the service failed. 501 refuses an archive whose target is not enabled."""
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED


class Measurements:
    """The values of one request or function."""

    __slots__ = ("given_up", "refusal", "skipped", "tries", "tries_of_transactions", "uploaded_bytes", "waited_seconds")

    def __init__(self) -> None:
        self.given_up = 0
        """Transactions that did not succeed within the retry budget."""

        self.skipped = 0
        """Failures that were skipped, so that other work could continue."""

        self.waited_seconds = 0.0
        """How long the request has waited for an event, such as a new job."""

        self.tries = 0
        """How often the current transaction was sent so far, also with rows that were read again."""

        self.tries_of_transactions: list[float] = []
        self.uploaded_bytes: list[float] = []
        self.refusal: str | None = None

    def end_transaction(self) -> None:
        """Store the tries of the current transaction. Does nothing if none was sent."""
        if self.tries:
            self.tries_of_transactions.append(self.tries)
            self.tries = 0
        if len(self.tries_of_transactions) >= MOST_VALUES:
            logs.logger().info("transactions", extra=emf.members(({}, self._totals())))
            self.tries_of_transactions.clear()

    def of_request(self, route: str, status: int, milliseconds: float) -> dict[str, Any]:
        """Return the metrics of a request as members of its log line."""
        self.end_transaction()
        worked = max(0.0, round(milliseconds - self.waited_seconds * 1000, 1))
        outcome: dict[str, list[float]] = {"ServerErrors": [int(is_server_error(status))], "Duration": [worked]}
        requests: dict[str, list[float]] = {"Requests": [1]}
        by_route = ({"route": route, "status": str(status)}, requests)
        return emf.members(({}, outcome | self._totals()), by_route, *self._refusals(), *_cold_start())

    def of_function(self) -> dict[str, Any]:
        """Return the metrics of a function as members of its log line."""
        self.end_transaction()
        return emf.members(({}, self._totals()), *self._refusals(), *_cold_start())

    def _totals(self) -> dict[str, list[float]]:
        return {
            "TransactionTries": self.tries_of_transactions,
            "GivenUpTransactions": [self.given_up] if self.given_up else [],
            "UploadedBytes": self.uploaded_bytes,
            "SkippedFailures": [self.skipped] if self.skipped else [],
        }

    def _refusals(self) -> list[Group]:
        return [] if self.refusal is None else [({"refusal": self.refusal}, {"RefusedUploads": [1]})]


def _cold_start() -> list[Group]:
    """Return the metric of the first request or function of a process that Lambda started on demand."""
    global _is_cold  # noqa: PLW0603 - a process is cold once
    if not _is_cold:
        return []
    _is_cold = False
    return [({"function": os.environ["AWS_LAMBDA_FUNCTION_NAME"]}, {"ColdStarts": [1]})]


_is_cold = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "on-demand"
_current: ContextVar[Measurements | None] = ContextVar("measurements", default=None)


@contextmanager
def measured() -> Iterator[Measurements]:
    """Collect what this thread measures inside the block."""
    measurements = Measurements()
    token = _current.set(measurements)
    try:
        yield measurements
    finally:
        _current.reset(token)


def current() -> Measurements:
    """Return the measurements of the current request or function. Outside of both they are discarded."""
    return _current.get() or Measurements()
