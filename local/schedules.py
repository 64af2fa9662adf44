"""Runs functions at the rate that app.py declares, as EventBridge does on AWS. A function never runs twice at once."""

import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from chalicelib.platform import logs

LONGEST_FIRST_SECONDS = 60.0
"""The first run starts at a random moment within this time, so that functions do not all start at once."""

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNIT_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86_400.0}

Run = Callable[[str, Any], object]


class ScheduleUnsupported(ValueError):
    """The expression is not a rate."""


class Schedules:
    """The schedules of functions, each with a thread of its own."""

    def __init__(self, expressions: Mapping[str, str], run: Run) -> None:
        """`expressions` by the name of the function, `run` runs a function with an event.

        Raises ScheduleUnsupported.
        """
        self._seconds = {name: rate_seconds(expression) for name, expression in expressions.items()}
        self._run = run

    def start(self) -> None:
        """Start the threads, which end with the process."""
        for name, seconds in self._seconds.items():
            threading.Thread(target=self._repeat, args=(name, seconds), name=name, daemon=True).start()

    def _repeat(self, name: str, seconds: float) -> None:
        next_run = time.monotonic() + random.uniform(0, min(seconds, LONGEST_FIRST_SECONDS))  # noqa: S311 - only spreads
        while True:
            time.sleep(max(0.0, next_run - time.monotonic()))
            next_run = time.monotonic() + seconds
            try:
                self._run(name, scheduled_event(name))
            except Exception as problem:  # noqa: BLE001 - the next run may succeed
                logs.unexpected_error(problem)


def rate_seconds(expression: str) -> float:
    """Return the seconds between two runs of `rate(N minutes)`, also of hours and days. Raises ScheduleUnsupported."""
    match = _RATE.fullmatch(expression)
    if match is None or int(match[1]) == 0:
        raise ScheduleUnsupported(expression)
    return int(match[1]) * _UNIT_SECONDS[match[2]]


def scheduled_event(name: str) -> dict[str, Any]:
    """Return the event that EventBridge sends to a function on a schedule."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [f"arn:aws:events:us-east-1:123456789012:rule/{name}"],
        "detail": {},
    }
