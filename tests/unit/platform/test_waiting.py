"""Requests that wait leave room for others."""

from contextlib import ExitStack
from threading import Event

import pytest

from chalicelib.platform import waiting
from tests.builders.settings import change_settings


@pytest.fixture
def two_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process in which two requests may wait."""
    monkeypatch.setattr(waiting, "_places", None)
    waiting.limit_places(2)


def granted(*wanted: float) -> list[float]:
    """Return how long requests at the same time may wait."""
    with ExitStack() as requests:
        return [requests.enter_context(waiting.place(seconds)) for seconds in wanted]


def test_a_request_waits_as_long_as_it_wants_within_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert granted(0, 5, 3600) == [0, 5, waiting.LONGEST_SECONDS]
    change_settings(monkeypatch, [waiting], wait_seconds=3)
    assert granted(2, 5) == [2, 3]
    change_settings(monkeypatch, [waiting], wait_seconds=0)
    assert granted(5) == [0]


def test_a_request_without_a_place_is_answered_at_once(two_places: None) -> None:
    assert granted(5, 5, 5) == [5, 5, 0]
    assert granted(5, 5) == [5, 5], "the places are free again"


def test_a_request_that_does_not_want_to_wait_needs_no_place(two_places: None) -> None:
    assert granted(0, 0, 5, 5) == [0, 0, 5, 5]


def test_a_request_that_fails_frees_its_place(two_places: None) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), waiting.place(5):
            raise ZeroDivisionError
    assert granted(5) == [5]


def test_no_request_waits_in_a_process_that_must_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_ending", Event())
    assert not waiting.is_over()

    waiting.end()

    waiting.sleep(3600)
    assert waiting.is_over()
