"""Triggers of events (platform.md 1.5)."""

import pytest

from chalicelib.core.events.event_kinds import Trigger, trigger_of


@pytest.mark.parametrize(
    ("user_agent", "referer", "expected"),
    [
        ("hab/1.6 (x86_64-linux; 5.4)", "", Trigger.HAB),
        ("hab/1.6", "https://bldr", Trigger.HAB),
        ("hab-sup/1.6", "", Trigger.UNKNOWN),
        ("Mozilla", "https://bldr.example/#/pkgs", Trigger.WEB),
        ("Mozilla", "", Trigger.UNKNOWN),
        ("Mozilla", "android-app://x", Trigger.UNKNOWN),
        ("", "", Trigger.UNKNOWN),
    ],
)
def test_headers_name_the_trigger(user_agent: str, referer: str, expected: Trigger) -> None:
    assert trigger_of(user_agent, referer) is expected
