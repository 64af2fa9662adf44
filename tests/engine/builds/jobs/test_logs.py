"""Lines that arrive while an attempt ends, or twice at the same time, are stored once or not at all (builds.md 3.3)."""

from collections.abc import Callable

import pytest

from chalicelib.builds.jobs import logs
from chalicelib.builds.rows import JobRow
from chalicelib.core.builds.build_states import JobState
from chalicelib.identity.errors import AttemptOver
from chalicelib.platform.row import Key
from chalicelib.platform.table import read
from tests.builders.job_rows import a_job, change_job, job_row

pytestmark = pytest.mark.usefixtures("table")


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen once, after the next append has read the job."""

    def read_first(key: Key[JobRow]) -> JobRow | None:
        found = read(key)
        monkeypatch.setattr(logs, "read", read)
        happens()
        return found

    monkeypatch.setattr(logs, "read", read_first)


@pytest.mark.parametrize("change", [{"state": JobState.COMPLETE.value}, {"attempt": 2}])
def test_an_attempt_that_ends_meanwhile_gets_no_more_lines(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    job = a_job(JobState.DISPATCHED)
    meanwhile(monkeypatch, lambda: change_job(job, **change))

    with pytest.raises(AttemptOver):
        logs.append(int(job.id), 1, 0, ["a line"])

    assert job_row(int(job.id)).log_lines == 0
    assert list(logs.live_lines(int(job.id), 0)) == []


def test_lines_that_are_sent_twice_at_the_same_time_are_stored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    job = a_job(JobState.DISPATCHED)
    lines = ["one", "two"]
    meanwhile(monkeypatch, lambda: logs.append(int(job.id), 1, 0, lines))

    logs.append(int(job.id), 1, 0, lines)

    assert job_row(int(job.id)).log_lines == 2
    assert list(logs.live_lines(int(job.id), 0)) == lines
