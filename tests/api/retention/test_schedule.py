"""The schedule applies all retention policies, in runs that may end anywhere (app.py: `apply_retention`)."""

from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

import app
from chalicelib.catalog.audit_rows import AuditRow, origin_audit_partition
from chalicelib.core.ident import PackageIdent
from chalicelib.packages import artifacts
from chalicelib.platform import table
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.platform.table import StoreUnavailable
from chalicelib.retention import removal
from chalicelib.retention import rows as policy_rows
from chalicelib.retention.rows import PolicyRow
from chalicelib.scheduled import retention as schedule
from tests.api.client import Depot
from tests.api.retention.conftest import Publish, published, put_policy, run
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.perf.calls import counted_calls

SCHEDULED_EVENT = dict.fromkeys(
    ("version", "account", "region", "detail", "detail-type", "source", "time", "id", "resources"), ""
)


@pytest.fixture(autouse=True)
def no_other_policies(depot: Depot) -> None:
    """Delete the policies of other tests, because a run applies all of them."""
    table.delete_many([policy_rows.policy_key(row.origin) for row in table.rows(PolicyRow, policy_rows.POLICIES)])


@pytest.fixture
def short_run(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A run that has time for one name only."""

    def short_run() -> None:
        with monkeypatch.context() as clock:
            clock.setattr(schedule, "time", SimpleNamespace(monotonic=iter(count()).__next__))
            schedule.apply_policies(1)

    return short_run


def two_releases(publish: Publish, names: int = 1, **more: Any) -> list[PackageIdent]:
    """Publish two releases of each of several names and return the newer ones, by name."""
    published_names = sorted(a_name("tool") for _ in range(names))
    for name in published_names:
        publish(name, "1.0", **more)
    return [publish(name, "1.1", **more) for name in published_names]


def last_pass(depot: Depot, origin: str) -> dict[str, Any]:
    shown: dict[str, Any] = depot.get(f"/retention/{origin}", by="bobo").json()["last_pass"]
    return shown


def test_the_scheduled_function_applies_all_policies(depot: Depot, origin: str, publish: Publish) -> None:
    other = an_origin(depot)
    without_policy = an_origin(depot)
    newest = two_releases(publish)
    newest_of_other = two_releases(publish, origin=other)
    two_releases(publish, origin=without_policy)
    put_policy(depot, origin)
    put_policy(depot, other)

    app.apply_retention(SCHEDULED_EVENT, None)

    assert published(depot, origin) == list(map(str, newest))
    assert published(depot, other) == list(map(str, newest_of_other))
    assert len(published(depot, without_policy)) == 2
    shown = last_pass(depot, origin)
    assert (shown["removed"], shown["next_after"]) == (1, None)
    assert shown["finished_at"] > shown["begun_at"]


def test_a_finished_pass_is_not_repeated_at_once(
    depot: Depot, origin: str, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_policy(depot, origin)
    schedule.apply_policies(60)
    two_releases(publish)

    schedule.apply_policies(60)
    assert len(published(depot, origin)) == 2

    monkeypatch.setattr(schedule, "PAUSE", schedule.PAUSE * 0)
    schedule.apply_policies(60)
    assert len(published(depot, origin)) == 1


def test_a_new_policy_is_applied_at_once(depot: Depot, origin: str, publish: Publish) -> None:
    two_releases(publish)
    put_policy(depot, origin, keep_per_name=2)
    schedule.apply_policies(60)

    put_policy(depot, origin)
    schedule.apply_policies(60)

    assert len(published(depot, origin)) == 1


def test_the_next_run_continues_a_pass(
    depot: Depot, origin: str, publish: Publish, short_run: Callable[[], None]
) -> None:
    newest = two_releases(publish, names=3)
    put_policy(depot, origin)
    progress = []
    for _ in range(4):
        short_run()
        progress.append((last_pass(depot, origin)["removed"], last_pass(depot, origin)["next_after"]))

    names = [ident.name for ident in newest]
    assert progress == [(1, names[0]), (2, names[1]), (3, names[2]), (3, None)]
    assert published(depot, origin) == list(map(str, newest))


def test_a_large_origin_does_not_delay_others(
    depot: Depot, origin: str, publish: Publish, short_run: Callable[[], None]
) -> None:
    other = an_origin(depot)
    two_releases(publish, names=3)
    two_releases(publish, origin=other)
    put_policy(depot, origin)
    put_policy(depot, other)

    short_run()
    short_run()

    assert last_pass(depot, origin)["removed"] == last_pass(depot, other)["removed"] == 1


class Killed(BaseException):
    """The process ended. Not an Exception, so that the code under test does not catch it."""


def test_an_interrupted_run_is_completed_by_the_next(
    depot: Depot, origin: str, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = two_releases(publish, names=3)
    put_policy(depot, origin)
    real, allowed = removal._remove, iter(range(1))

    def remove(*arguments: Any) -> None:
        if next(allowed, None) is None:
            raise Killed
        real(*arguments)

    with monkeypatch.context() as fault, pytest.raises(Killed):
        fault.setattr(removal, "_remove", remove)
        schedule.apply_policies(60)
    assert len(published(depot, origin)) == 5

    schedule.apply_policies(60)

    assert published(depot, origin) == list(map(str, newest))


@pytest.mark.parametrize("failure", [ObjectStoreFailed, StoreUnavailable, ZeroDivisionError])
def test_a_failure_in_one_origin_does_not_stop_the_others(
    depot: Depot, origin: str, publish: Publish, monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    other = an_origin(depot)
    two_releases(publish)
    two_releases(publish, origin=other)
    put_policy(depot, origin)
    put_policy(depot, other)
    real, failing = artifacts.demand_store, iter([failure])

    def demand() -> None:
        for problem in failing:
            raise problem
        real()

    monkeypatch.setattr(artifacts, "demand_store", demand)

    assert schedule.apply_policies(60).failed == 1
    assert sorted(len(published(depot, each)) for each in (origin, other)) == [1, 2]

    monkeypatch.setattr(schedule, "PAUSE", schedule.PAUSE * 0)
    assert schedule.apply_policies(60).failed == 0
    assert [len(published(depot, each)) for each in (origin, other)] == [1, 1]


def test_a_name_that_fails_does_not_stop_the_names_behind_it(
    depot: Depot, origin: str, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = two_releases(publish, names=3)
    put_policy(depot, origin)
    judge, failing = removal.judge_name, newest[1].name

    def judge_name(run: Any, name: Any, is_over: Any) -> Any:
        if name.sk == failing:
            raise ZeroDivisionError
        return judge(run, name, is_over)

    monkeypatch.setattr(schedule, "judge_name", judge_name)

    assert schedule.apply_policies(60) == schedule.RetentionResult(finished=1, removed=2, failed=1)

    assert [ident for ident in published(depot, origin) if f"/{failing}/" not in ident] == [
        str(ident) for ident in newest if ident.name != failing
    ]


def test_an_unreadable_policy_does_not_stop_the_others(depot: Depot, origin: str, publish: Publish) -> None:
    two_releases(publish)
    put_policy(depot, origin)
    row = table.read(policy_rows.policy_key(origin))
    assert row is not None
    row.sk, row.channels = "a-damaged-row", "no JSON"
    table.put_many([row])

    assert schedule.apply_policies(60) == schedule.RetentionResult(finished=1, removed=1, failed=1)


def test_a_run_ends_between_the_removals_of_a_name(
    depot: Depot, origin: str, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = a_name("tool")
    for version in ("1.0", "1.1", "1.2", "1.3"):
        publish(name, version)
    put_policy(depot, origin)

    left = []
    for _ in range(3):
        with monkeypatch.context() as clock:
            clock.setattr(schedule, "time", SimpleNamespace(monotonic=iter(count()).__next__))
            schedule.apply_policies(1)
        left.append((len(published(depot, origin)), last_pass(depot, origin)["removed"]))

    assert left == [(3, 1), (2, 2), (1, 3)]


def test_deleting_the_policy_ends_its_run(
    depot: Depot, origin: str, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_releases(publish, names=2)
    put_policy(depot, origin)
    real = artifacts.demand_store

    def demand() -> None:
        real()
        depot.delete(f"/retention/{origin}", by="bobo")

    monkeypatch.setattr(artifacts, "demand_store", demand)

    schedule.apply_policies(60)

    assert len(published(depot, origin)) == 4
    assert depot.get(f"/retention/{origin}", by="bobo").status == 404, "the progress of the run must not restore it"


def test_removals_are_audited_under_the_account_that_set_the_policy(
    depot: Depot, origin: str, publish: Publish
) -> None:
    two_releases(publish)
    put_policy(depot, origin, by="mystique")

    schedule.apply_policies(60)

    (row,) = [row for row in table.rows(AuditRow, origin_audit_partition(origin)) if row.operation == "package_retire"]
    assert (row.requester_name, row.trigger) == ("mystique", "unknown")


def test_names_with_few_releases_cost_no_calls(depot: Depot, origin: str, publish: Publish) -> None:
    for _ in range(3):
        publish(a_name("tool"))
    put_policy(depot, origin)

    with counted_calls() as calls:
        schedule.apply_policies(60)

    assert calls["Query"] == 2, "the policies, and the names of the origin"
    assert calls.total() <= 4
    assert run(depot, origin).json()["removed"] == []


def test_a_policy_of_a_deleted_origin_does_no_harm(depot: Depot, origin: str, publish: Publish) -> None:
    """The deletion of an origin deletes its policy in a later step (origins/deletion.py)."""
    two_releases(publish)
    put_policy(depot, origin)
    row = table.read(policy_rows.policy_key(origin))
    assert row is not None
    row.sk = "a-deleted-origin"
    table.put_many([row])

    schedule.apply_policies(60)

    assert len(published(depot, origin)) == 1
