"""GET /jobs/{id}/log (builds.md 3.3)."""

import time
from collections.abc import Sequence
from threading import Thread, Timer
from typing import Any

import pytest

from chalicelib.builds import rows as build_rows
from chalicelib.builds.jobs import archive as archiving
from chalicelib.builds.jobs import logs
from chalicelib.builds.jobs.archive import archive
from chalicelib.builds.jobs.errors import ChunkMisplaced, ChunkRefused
from chalicelib.builds.jobs.rows import log_partition
from chalicelib.builds.rows import JobRow, UnarchivedRow
from chalicelib.catalog.origin_rows import origin_key
from chalicelib.core.builds.build_states import JobState
from chalicelib.identity.errors import AttemptOver
from chalicelib.platform import object_store, waiting
from chalicelib.platform.clock import RANDOM_BITS
from chalicelib.platform.row import Key
from chalicelib.platform.table import delete_many, put_many, read
from tests.api.client import Depot
from tests.builders.job_rows import a_numbered_job, change_job
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_package
from tests.builders.project_rows import a_stored_project
from tests.builders.rows import partition_rows
from tests.rights.enforcement import running_as

NO_LOG = {"start": 0, "stop": 0, "content": [], "is_complete": False}


@pytest.fixture
def job(depot: Depot, origin: str) -> JobRow:
    """A job that a worker holds, of a project with a public package."""
    name = a_name("tool")
    a_stored_project(f"{origin}/{name}")
    a_package(depot, origin, name=name)
    return a_numbered_job(origin, name, JobState.DISPATCHED)


def log_of(depot: Depot, job: JobRow, by: str | None = None, **query: Any) -> Any:
    reply = depot.get(f"/jobs/{job.id}/log", by=by, query=query)
    assert reply.status == 200, reply
    return reply.json()


def append(job: JobRow, first: int, *lines: str) -> None:
    logs.append(int(job.id), 1, first, list(lines))


def archived(job: JobRow) -> None:
    change_job(job, state=JobState.COMPLETE.value)
    archive(int(job.id))


def test_a_job_without_a_log_ignores_start(depot: Depot, job: JobRow) -> None:
    assert log_of(depot, job, start=7) == NO_LOG


def test_a_live_log_is_incomplete_and_read_from_any_line(depot: Depot, job: JobRow) -> None:
    append(job, 0, "a", "", "b")
    append(job, 3, "c")
    change_job(job, state=JobState.COMPLETE.value)

    assert log_of(depot, job) == {"start": 0, "stop": 4, "content": ["a", "", "b", "c"], "is_complete": False}
    assert log_of(depot, job, start=2) == {"start": 2, "stop": 4, "content": ["b", "c"], "is_complete": False}
    assert log_of(depot, job, start=9) == {"start": 9, "stop": 9, "content": [], "is_complete": False}


def test_a_start_may_be_any_number_of_64_bits(depot: Depot, job: JobRow) -> None:
    last = 2**64 - 1
    assert log_of(depot, job, start=last) == NO_LOG
    append(job, 0, "a")
    assert log_of(depot, job, start=last) == {"start": last, "stop": last, "content": [], "is_complete": False}
    archived(job)
    assert log_of(depot, job, start=last) == {"start": last, "stop": 1, "content": [], "is_complete": True}


def test_an_archived_log_is_complete_and_its_rows_are_deleted(depot: Depot, job: JobRow) -> None:
    append(job, 0, "a", "b")
    noted = build_rows.unarchived_key(job)
    put_many([UnarchivedRow(noted.pk, noted.sk, ended_at=1)])
    archived(job)
    archive(int(job.id))

    assert read(noted) is None
    assert log_of(depot, job) == {"start": 0, "stop": 2, "content": ["a", "b"], "is_complete": True}
    assert log_of(depot, job, start=1) == {"start": 1, "stop": 2, "content": ["b"], "is_complete": True}
    assert log_of(depot, job, start=9) == {"start": 9, "stop": 2, "content": [], "is_complete": True}
    assert not partition_rows(log_partition(int(job.id)))


def test_a_running_job_is_not_archived(depot: Depot, job: JobRow) -> None:
    append(job, 0, "a")

    archive(int(job.id))

    assert not log_of(depot, job)["is_complete"]


def test_every_part_of_a_long_archived_log_can_be_read(depot: Depot, job: JobRow) -> None:
    lines = [f"\x1b[32m{number} " + "é" * 5_000 for number in range(600)]
    for first in range(0, len(lines), 15):
        append(job, first, *lines[first : first + 15])
    live = log_of(depot, job, color="true")
    archived(job)

    read: list[str] = []
    while True:
        part = log_of(depot, job, color="true", start=len(read))
        read += part["content"]
        assert part["stop"] == len(read)
        if part["is_complete"]:
            break
    assert read == lines
    assert live["content"] == lines[: live["stop"]]
    assert log_of(depot, job, start=599)["content"] == [lines[599].removeprefix("\x1b[32m")]


@pytest.mark.parametrize("start", [0, 1, 2])
@pytest.mark.parametrize("deleted", [[0], [1], [0, 1], [0, 1, 2]])
def test_a_log_that_is_archived_while_it_is_read_loses_no_lines(
    depot: Depot, job: JobRow, deleted: list[int], start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first in range(3):
        append(job, first, f"line {first}")
    find_job = logs._awaited

    def delete_some(keys: Sequence[Key[Any]]) -> None:
        delete_many([keys[number] for number in deleted if number < len(keys)])

    def find_and_archive(*arguments: Any) -> JobRow:
        found = find_job(*arguments)
        with running_as(None):  # another function archives the log, with its own rights
            archived(job)
        return found

    monkeypatch.setattr(archiving, "delete_many", delete_some)
    monkeypatch.setattr(logs, "_awaited", find_and_archive)
    part = log_of(depot, job, start=start)

    assert part["content"] == [f"line {number}" for number in range(start, 3)]
    assert part["stop"] == 3


def test_of_two_archives_at_once_the_slower_one_keeps_the_complete_log(
    depot: Depot, job: JobRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(job, 0, "a")
    append(job, 1, "b")
    change_job(job, state=JobState.COMPLETE.value)
    read_lines = logs.live_lines

    def lines_after_the_faster_one(*arguments: Any) -> list[str]:
        monkeypatch.setattr(logs, "live_lines", read_lines)
        archive(int(job.id))
        return list(read_lines(*arguments))

    monkeypatch.setattr(logs, "live_lines", lines_after_the_faster_one)
    archive(int(job.id))

    assert log_of(depot, job) == {"start": 0, "stop": 2, "content": ["a", "b"], "is_complete": True}


def test_a_follower_gets_each_line_once_through_the_end_of_the_job(depot: Depot, job: JobRow) -> None:
    lines = [f"line {number}" for number in range(120)]

    def build() -> None:
        for first in range(0, len(lines), 4):
            append(job, first, *lines[first : first + 4])
        archived(job)

    worker = Thread(target=build)
    worker.start()
    followed: list[str] = []
    is_complete = False
    while not is_complete:
        part = log_of(depot, job, start=len(followed), wait=1)
        followed, is_complete = followed + part["content"], part["is_complete"]
    worker.join()

    assert followed == lines


def test_an_archived_log_that_is_gone_is_404(depot: Depot, job: JobRow) -> None:
    append(job, 0, "a")
    archived(job)
    object_store.call("delete_object", Key=logs.archive_name(int(job.id)))

    assert depot.get(f"/jobs/{job.id}/log").status == 404


def test_a_log_that_was_never_archived_is_complete_after_a_while(depot: Depot, job: JobRow) -> None:
    append(job, 0, "a")
    change_job(job, state=JobState.FAILED.value, updated_at="2024-05-05T00:42:35.213765")

    assert log_of(depot, job) == {"start": 0, "stop": 1, "content": ["a"], "is_complete": True}


@pytest.mark.parametrize("word", ["true", "TRUE", "t", "T", "1", "on", "ON"])
def test_colors_are_kept_on_request(depot: Depot, job: JobRow, word: str) -> None:
    append(job, 0, "\x1b[1mbold\x1b[0m")

    assert log_of(depot, job, color=word)["content"] == ["\x1b[1mbold\x1b[0m"]


@pytest.mark.parametrize("word", ["false", "FALSE", "f", "F", "0", "off", "OFF", ""])
def test_colors_are_removed_otherwise(depot: Depot, job: JobRow, word: str) -> None:
    append(job, 0, "\x1b[1mbold\x1b[0m")

    assert log_of(depot, job, color=word)["content"] == ["bold"]
    assert log_of(depot, job)["content"] == ["bold"]


def test_a_request_can_wait_for_the_next_line(depot: Depot, job: JobRow) -> None:
    append(job, 0, "a")
    timer = Timer(0.1, append, [job, 1, "b"])
    timer.start()

    assert log_of(depot, job, by="bobo", start=1, wait=20)["content"] == ["b"]
    timer.join()


@pytest.mark.parametrize("by", [None, "wesker"])
def test_strangers_do_not_wait(depot: Depot, job: JobRow, monkeypatch: pytest.MonkeyPatch, by: str | None) -> None:
    append(job, 0, "a")
    waits: list[float] = []
    awaited = logs._awaited

    def record(job: JobRow, start: int, wait: float) -> JobRow:
        waits.append(wait)
        return awaited(job, start, 0)

    monkeypatch.setattr(logs, "_awaited", record)

    log_of(depot, job, by=by, start=1, wait=20)

    assert waits == [0]


def test_a_request_is_answered_at_once_if_too_many_wait(
    depot: Depot, job: JobRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(job, 0, "a")
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("the request waits"))
    monkeypatch.setattr(waiting, "_places", None)
    waiting.limit_places(1)

    with waiting.place(20):
        assert log_of(depot, job, by="lkennedy", start=1, wait=20)["content"] == []


def test_lines_that_are_stored_are_ignored_and_gaps_are_refused(depot: Depot, job: JobRow) -> None:
    append(job, 0, "a", "b")
    append(job, 0, "a", "b")
    with pytest.raises(ChunkMisplaced) as refusal:
        append(job, 3, "d")
    with pytest.raises(ChunkMisplaced):
        append(job, 1, "b", "c")

    assert refusal.value.expected == 2
    assert log_of(depot, job)["content"] == ["a", "b"]


def test_the_lines_of_a_second_attempt_follow_those_of_the_first(depot: Depot, job: JobRow) -> None:
    append(job, 0, "a", "b")
    change_job(job, attempt=2, log_base=2)
    with pytest.raises(AttemptOver):
        append(job, 2, "late")
    logs.append(int(job.id), 2, 0, ["again"])

    assert log_of(depot, job)["content"] == ["a", "b", "again"]


def test_a_job_that_has_ended_takes_no_lines(job: JobRow) -> None:
    change_job(job, state=JobState.CANCEL_COMPLETE.value)

    with pytest.raises(AttemptOver):
        append(job, 0, "a")


def test_a_log_has_a_limit(job: JobRow) -> None:
    change_job(job, log_lines=logs.MOST_LINES - 1)

    with pytest.raises(ChunkRefused):
        append(job, logs.MOST_LINES - 1, "a", "b")


@pytest.mark.parametrize("visibility", ["private", "hidden"])
def test_the_log_of_a_private_package_is_for_members(depot: Depot, origin: str, job: JobRow, visibility: str) -> None:
    reply = depot.put(f"/settings/{origin}/{job.name}", by="bobo", json={"visibility": visibility})
    assert reply.status == 200

    statuses = [depot.get(f"/jobs/{job.id}/log", by=by).status for by in (None, "wesker", "hank", "lkennedy")]

    assert statuses == [401, 403, 403, 200]


def test_refusals_come_in_the_order_of_the_contract(depot: Depot, origin: str, job: JobRow) -> None:
    for path in ("/jobs/x/log", "/jobs/+1/log", "/jobs/x/log?start=x", "/jobs/x/log?color=abc"):
        assert (depot.get(path).status, depot.get(path).body) == (400, b"")
    for query in ({"start": "-1"}, {"start": "x"}, {"start": str(2**64)}, {"color": "abc"}, {"wait": "-1"}):
        assert depot.get("/jobs/123456/log", query=query).status == 400
    assert depot.get("/jobs/123456/log").status == 404
    without_project = a_numbered_job(origin, a_name("tool"), JobState.DISPATCHED)
    assert depot.get(f"/jobs/{without_project.id}/log").status == 404
    a_stored_project(f"{origin}/{without_project.name}")
    assert depot.get(f"/jobs/{without_project.id}/log").status == 404
    assert depot.get(f"/jobs/{job.id}/log", by="no-token").status == 401


def test_the_owner_of_a_later_origin_of_the_name_cannot_read_the_log(depot: Depot) -> None:
    origin, name = an_origin(depot), a_name("tool")
    a_stored_project(f"{origin}/{name}")
    a_package(depot, origin, name=name)
    row = read(origin_key(origin))
    assert row is not None
    job = a_numbered_job(
        origin, name, JobState.DISPATCHED, id=int(row.id) - (1 << RANDOM_BITS)
    )  # a millisecond earlier

    assert depot.get(f"/jobs/{job.id}/log").status == 404
