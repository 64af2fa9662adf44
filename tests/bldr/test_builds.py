"""The client of the build service."""

import time

import pytest

from bldr import builds
from bldr.build_shapes import LogPart
from bldr.builds import Builds


class ScriptedLog(Builds):
    """Answers requests for a log at once with scripted parts."""

    def __init__(self, *parts: LogPart) -> None:
        self._parts = list(parts)

    def log(self, job_id: str, start: int, wait: int, color: bool) -> LogPart:
        """Return the next part."""
        return self._parts.pop(0)


def test_following_a_log_pauses_if_the_builder_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    log = ScriptedLog(
        LogPart(0, 1, ["a"], is_complete=False),
        LogPart(1, 1, [], is_complete=False),
        LogPart(1, 2, ["b"], is_complete=True),
    )

    assert list(log.lines("1", follow=True, color=False)) == ["a", "b"]
    assert [0 < pause <= builds.SECONDS_BETWEEN_READS for pause in pauses] == [True]
