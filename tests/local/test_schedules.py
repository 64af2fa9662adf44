"""Functions on a schedule run at their rate, never twice at once, and again after an error."""

import threading
from typing import Any

import pytest
from chalice.app import CloudWatchEvent

from local import schedules
from local.schedules import Schedules, ScheduleUnsupported, rate_seconds, scheduled_event
from tests.builders.waiting import until


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("rate(1 minute)", 60), ("rate(15 minutes)", 900), ("rate(1 hour)", 3600), ("rate(2 days)", 172_800)],
)
def test_a_rate_is_a_number_of_seconds(expression: str, seconds: int) -> None:
    assert rate_seconds(expression) == seconds


@pytest.mark.parametrize("expression", ["cron(0 3 * * ? *)", "rate(0 minutes)", "rate(1 week)", "rate(-1 hour)", ""])
def test_another_expression_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleUnsupported):
        Schedules({"work": expression}, lambda _name, _event: None)


def test_the_event_is_one_that_chalice_accepts() -> None:
    event = CloudWatchEvent(scheduled_event("sweep"), None)

    assert (event.detail_type, event.source) == ("Scheduled Event", "aws.events")


def test_a_function_runs_again_after_an_error_and_never_twice_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "rate_seconds", lambda _expression: 0.001)
    running, overlaps, names = threading.Semaphore(1), [], list[str]()

    def run(name: str, _event: Any) -> None:
        if not running.acquire(blocking=False):
            overlaps.append(name)
        names.append(name)
        running.release()
        if len(names) > 1000:
            threading.Event().wait()  # the thread ends with the process
        raise RuntimeError

    Schedules({"work": "rate(1 minute)"}, run).start()

    assert until(lambda: len(names) >= 5)
    assert not overlaps


def test_first_runs_are_spread_over_a_minute_or_the_rate_if_it_is_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = []

    class Stopped(BaseException):
        """Ends the loop of a schedule."""

    def uniform(_low: float, high: float) -> float:
        longest.append(high)
        raise Stopped

    monkeypatch.setattr("random.uniform", uniform)
    for seconds in (10.0, 3600.0):
        with pytest.raises(Stopped):
            Schedules({}, lambda _name, _event: None)._repeat("work", seconds)

    assert longest == [10.0, schedules.LONGEST_FIRST_SECONDS]
