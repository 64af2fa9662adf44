"""Entries start when their dependencies are complete (builds.md 8.3, 8.4)."""

from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.builds.engine import starting
from chalicelib.builds.engine.ending import cancel
from chalicelib.builds.engine.new_jobs import note_origins
from chalicelib.builds.engine.starting import activate, start_ready
from chalicelib.builds.engine.turns import has_begun
from chalicelib.builds.rows import (
    EntryRow,
    GroupRow,
    active_key,
    job_count_key,
    project_jobs_partition,
    queued_key,
    waiting_origin_key,
)
from chalicelib.catalog.package_rows import PackageRow, package_key
from chalicelib.catalog.package_texts import PackageLists
from chalicelib.core.builds.build_states import GroupState
from chalicelib.core.ident import PackageIdent
from chalicelib.platform.table import StoreUnavailable, delete_many, put_many, read
from tests.builders.job_groups import LINUX, a_group, start, waiting_jobs
from tests.builders.names import a_name
from tests.builders.rows import partition_rows

pytestmark = pytest.mark.usefixtures("table")


def a_release_row(ident: PackageIdent) -> PackageRow:
    key = package_key(ident, LINUX)
    return PackageRow(
        key.pk,
        key.sk,
        id=1,
        owner_id=1,
        ident=str(ident),
        checksum="-",
        size=1,
        package_type="standard",
        lists=PackageLists().packed(),
        is_a_service=False,
        artifact="-",
        created_at="-",
        updated_at="-",
    )


def test_an_entry_that_waits_for_nothing_becomes_a_pending_job() -> None:
    group = a_group([[], [0]], weights={0: 7})

    assert start(group) == 1

    assert group.states == ["running", "waiting"]
    job = group.job(0)
    assert (job.state, job.attempt, job.number, job.weight) == ("Pending", 1, 1, 7)
    assert (job.project, job.entry, job.group_id) == (group.name(0), "000000", group.id)
    assert (job.plan_path, job.vcs_data) == ("habitat/plan.sh", "https://example.com/repository.git")
    assert (job.installation_id, job.repository_id) == ("17", 42)
    assert waiting_jobs(group.origin) == [job.id]
    assert read(waiting_origin_key(LINUX, group.origin)) is not None
    assert group.open == 2


def test_a_group_whose_first_entry_waits_has_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    group = a_group([[]] * 40)
    attempts: list[str] = []

    def fail(_: GroupRow, batch: Sequence[EntryRow]) -> int:
        attempts.extend(entry.order for entry in batch)
        raise StoreUnavailable

    monkeypatch.setattr(starting, "_start", fail)

    with pytest.raises(StoreUnavailable):
        start(group)

    assert attempts == [f"{position:06d}" for position in range(15)]
    assert not has_begun(group.row)


def test_entries_that_cannot_be_built_end_before_the_jobs_of_the_others_start(monkeypatch: pytest.MonkeyPatch) -> None:
    group = a_group([[], []])
    delete_many([group.project_key(0)])

    def fail(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(starting, "add_job", fail)

    with pytest.raises(StoreUnavailable):
        start(group)

    assert group.states == ["skipped", "waiting"]
    assert has_begun(group.row)


def test_the_jobs_of_a_project_are_numbered_over_all_groups() -> None:
    first = a_group([[]])
    second = a_group([[]], origin=first.origin)

    start(first)
    start(second)

    rows = partition_rows(project_jobs_partition(first.origin, "package-0"))
    assert [int(rows[sk]["job_id"]) for sk in ("JOB#0000000001", "JOB#0000000002")] == [
        first.job_id(0),
        second.job_id(0),
    ]
    count = read(job_count_key(first.origin, "package-0"))
    assert count is not None
    assert count.jobs == 2


def test_a_repeated_start_does_nothing() -> None:
    group = a_group([[], []])
    entries = [group.entry(0), group.entry(1)]
    start_ready(group.row, entries)
    jobs = [group.job_id(0), group.job_id(1)]

    assert start_ready(group.row, entries) == 0

    assert [group.job_id(0), group.job_id(1)] == jobs
    assert sorted(waiting_jobs(group.origin)) == sorted(jobs)


def test_many_entries_start_in_several_transactions() -> None:
    group = a_group([[]] * 40)

    assert start(group) == 40

    assert set(group.states) == {"running"}
    assert len(waiting_jobs(group.origin)) == 40


def test_the_heaviest_entry_of_the_oldest_group_is_first_in_the_queue() -> None:
    older = a_group([[], []], weights={0: 1, 1: 9})
    newer = a_group([[]], origin=older.origin, weights={0: 99}, names=[f"{older.origin}/other"])

    start(newer)
    start(older)

    assert waiting_jobs(older.origin) == [older.job_id(1), older.job_id(0), newer.job_id(0)]


@pytest.mark.parametrize("state", [state for state in GroupState if state is not GroupState.DISPATCHING])
def test_nothing_starts_in_a_group_that_is_not_active(state: GroupState) -> None:
    group = a_group([[]])
    entries, row = [group.entry(0)], group.row
    group.change(state=state.value)

    assert start_ready(row, entries) == 0

    assert group.states == ["waiting"]


def test_a_cancel_during_a_start_wins(monkeypatch: pytest.MonkeyPatch, woken: list[int]) -> None:
    group = a_group([[]])

    def cancel_first(*arguments: Any) -> None:
        cancel(group.id)
        note_origins(*arguments)

    monkeypatch.setattr("chalicelib.builds.engine.starting.note_origins", cancel_first)

    assert start(group) == 0

    assert group.states == ["canceled"]
    assert waiting_jobs(group.origin) == []
    assert woken == [group.id]


def test_an_entry_without_a_project_is_skipped_with_its_dependents() -> None:
    group = a_group([[], [0], [1], []])
    delete_many([group.project_key(0)])

    assert start(group) == 1

    assert group.states == ["skipped", "skipped", "skipped", "running"]
    assert group.open == 1


def test_an_entry_whose_latest_release_was_deleted_while_it_was_queued_is_missing() -> None:
    origin = a_name("origin")
    ident = PackageIdent(origin, "package-0", "1.0", "20240101000000")
    group = a_group([[], [0]], origin=origin, idents={0: str(ident)})

    assert start(group) == 0

    assert group.states == ["missing", "skipped"]
    assert group.open == 0


def test_an_entry_with_its_release_or_a_newer_one_starts() -> None:
    origin = a_name("origin")
    idents = [PackageIdent(origin, f"package-{position}", "1.0", "20240101000000") for position in range(2)]
    newer = PackageIdent(origin, "package-1", "1.10", "20240101000000")
    put_many([a_release_row(idents[0]), a_release_row(newer)])
    group = a_group([[], []], origin=origin, idents={0: str(idents[0]), 1: str(idents[1])})

    assert start(group) == 2


def test_an_older_release_does_not_replace_a_deleted_one() -> None:
    origin = a_name("origin")
    put_many([a_release_row(PackageIdent(origin, "package-0", "0.9", "20240101000000"))])
    group = a_group([[]], origin=origin, idents={0: f"{origin}/package-0/1.0/20240101000000"})

    start(group)

    assert group.states == ["missing"]


def test_a_queued_group_becomes_active_and_its_first_jobs_exist() -> None:
    group = a_group([[], [0]], GroupState.QUEUED)

    assert activate(group.id)

    assert group.state == "Dispatching"
    assert group.states == ["running", "waiting"]
    guard = read(active_key(group.row.root, LINUX))
    assert guard is not None
    assert guard.group_id == group.id
    assert read(queued_key(group.row.root, LINUX)) is None


def test_a_group_waits_for_the_active_one_of_its_root() -> None:
    active = a_group([[]])
    queued = a_group([[]], GroupState.QUEUED, origin=active.origin)

    assert not activate(queued.id)

    assert (queued.state, queued.states) == ("Queued", ["waiting"])


def test_activation_continues_after_an_interruption() -> None:
    group = a_group([[]])  # active, but its first job was not made

    assert activate(group.id)

    assert group.states == ["running"]
    assert activate(group.id)
    assert len(waiting_jobs(group.origin)) == 1


def test_a_group_whose_entries_are_being_written_does_not_become_active() -> None:
    group = a_group([[]], GroupState.QUEUED)
    group.change(is_ready=False)

    assert not activate(group.id)

    assert group.states == ["waiting"]


def test_ended_and_absent_groups_are_left_alone() -> None:
    group = a_group([[]])
    group.change(state=GroupState.CANCELED.value)

    assert activate(group.id)
    assert activate(123)

    assert group.states == ["waiting"]
