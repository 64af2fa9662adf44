"""The audit of the build graph repairs what interruptions leave, in limited runs (builds.md 18)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.catalog.project_rows import ProjectRow, project_key
from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.target import Target
from chalicelib.graph import rows, service
from chalicelib.graph.rows import NodeRow
from chalicelib.packages import artifacts
from chalicelib.platform import clock
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.table import delete_many, put_many, read
from chalicelib.scheduled import graph_audit
from chalicelib.scheduled.cursors import read_cursor, store_cursor
from tests.api.client import Depot
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_package, delete
from tests.builders.rows import partitions

TARGET = Target.X86_64_LINUX


@pytest.fixture
def origin(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An origin owned by bobo. The audit begins with the first origin, and leaves out those of other tests."""
    list_origins = graph_audit._origins_after
    others = {partition.partition("#")[2] for partition in partitions() if partition.startswith("NAMES#")}

    def without_others(*arguments: Any) -> tuple[list[str], bool]:
        origins, is_last = list_origins(*arguments)
        return [each for each in origins if each not in others], is_last

    monkeypatch.setattr(graph_audit, "_origins_after", without_others)
    store_cursor(graph_audit.CURSOR, "")
    yield an_origin(depot)
    store_cursor(graph_audit.CURSOR, "")


@pytest.fixture
def app(depot: Depot, origin: str) -> str:
    """A package that needs `o/lib`."""
    a_package(depot, origin, name="app", deps=["o/lib/1.0/1"], build_deps=["o/make/1.0/1"])
    return f"{origin}/app"


def audit() -> graph_audit.GraphAuditResult:
    """A run without a time limit."""
    return graph_audit.graph_audit(600)


def graph_in_another_process() -> BuildGraph:
    """The graph as it is read without a cache."""
    service.forget()
    return service.graph_of(TARGET)


def node_of(name: str) -> NodeRow | None:
    """The node of a name."""
    return read(rows.node_key(TARGET, name))


def days_later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Move the clock of the audit."""
    monkeypatch.setattr(graph_audit, "now", lambda: clock.now() + timedelta(days=days))


def a_project(origin: str, name: str) -> ProjectRow:
    """Store a project."""
    key = project_key(origin, name, TARGET)
    row = ProjectRow(
        key.pk,
        key.sk,
        id=1,
        owner_id=1,
        origin=origin,
        package_name=name,
        target=TARGET,
        plan_path="plan.sh",
        vcs_data="https://example.com/r.git",
        auto_build=True,
        created_at="",
        updated_at="",
    )
    put_many([row])
    return row


def test_a_graph_that_agrees_with_the_releases_stays(app: str) -> None:
    before = node_of(app)

    audit()

    after = node_of(app)
    assert before is not None
    assert after is not None
    assert before.revision == after.revision


def test_a_missing_node_is_added(app: str) -> None:
    delete_many([rows.node_key(TARGET, app)])

    assert audit().repaired >= 1

    assert app in graph_in_another_process().dependents("o/lib")
    assert app in graph_in_another_process().dependents("o/make")


def test_a_node_of_an_older_release_is_replaced(depot: Depot, origin: str, app: str) -> None:
    old = node_of(app)
    assert old is not None
    a_package(depot, origin, name="app", version="2.0", deps=["o/other/1.0/1"])
    put_many([old])

    audit()

    assert app in graph_in_another_process().dependents("o/other")
    assert app not in graph_in_another_process().dependents("o/lib")


def test_a_node_with_other_needs_than_its_release_is_replaced(app: str) -> None:
    row = node_of(app)
    assert row is not None
    row.deps = "o/wrong"
    put_many([row])

    audit()

    assert app in graph_in_another_process().dependents("o/lib")
    assert app not in graph_in_another_process().dependents("o/wrong")


def test_a_node_that_readers_do_not_see_is_shown(app: str) -> None:
    shard = rows.shard_of(app)
    with Change() as change:
        change.delete(rows.shard_key(TARGET, shard))
        change.delete(rows.snapshot_key(TARGET, shard))
    assert app not in graph_in_another_process()

    audit()

    assert app in graph_in_another_process()


def test_the_node_of_a_deleted_release_stays_for_thirty_days(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete(depot, a_package(depot, origin, name="app", deps=["o/lib/1.0/1"]))
    name = f"{origin}/app"

    audit()
    days_later(monkeypatch, 29)
    audit()
    assert name in graph_in_another_process().dependents("o/lib")

    days_later(monkeypatch, 31)
    assert audit().removed >= 1
    assert node_of(name) is None
    assert name not in graph_in_another_process().dependents("o/lib")


def test_a_name_with_a_project_or_a_release_stays_and_its_time_starts_again(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("projected", "released"):
        delete(depot, a_package(depot, origin, name=each, version="2.0"))
    audit()
    project = a_project(origin, "projected")
    a_package(depot, origin, name="released", version="1.0")
    days_later(monkeypatch, 31)
    audit()
    assert all(f"{origin}/{each}" in graph_in_another_process() for each in ("projected", "released"))

    project.delete()
    audit()

    assert f"{origin}/projected" in graph_in_another_process()


def test_a_release_that_is_added_during_the_removal_keeps_the_node(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{origin}/app"
    delete(depot, a_package(depot, origin, name="app", version="2.0"))
    audit()
    days_later(monkeypatch, 31)
    uploads = iter(["1.0"])
    real = graph_audit._newest

    def newest_then_upload(*arguments: str) -> object:
        found = real(arguments[0], arguments[1], TARGET)
        if arguments[:2] == (origin, "app") and found is None:
            for version in uploads:
                a_package(depot, origin, name="app", version=version)
        return found

    monkeypatch.setattr(graph_audit, "_newest", newest_then_upload)
    node = node_of(name)
    assert node is not None

    assert not retry_when_stale(lambda: graph_audit._remove(origin, "app", TARGET, str(node.unused_since)))
    assert name in graph_in_another_process()


def test_short_runs_together_read_all_names(depot: Depot, origin: str) -> None:
    names = [f"{origin}/app-{number}" for number in range(3)]
    for name in names:
        a_package(depot, origin, name=name.partition("/")[2])
    delete_many([rows.node_key(TARGET, name) for name in names])

    for _ in range(2_000):
        graph_audit.graph_audit(0)
        if not read_cursor(graph_audit.CURSOR):
            break

    assert all(name in graph_in_another_process() for name in names)


def test_a_name_that_fails_does_not_stop_the_others(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{origin}/app-{number}" for number in range(2)]
    for name in names:
        a_package(depot, origin, name=name.partition("/")[2])
    delete_many([rows.node_key(TARGET, name) for name in names])
    real = graph_audit._newest

    def fail_once(found: str, name: str, target: Target) -> object:
        if name == "app-0":
            raise RuntimeError
        return real(found, name, target)

    monkeypatch.setattr(graph_audit, "_newest", fail_once)

    assert audit().failed >= 1
    assert names[1] in graph_in_another_process()


def test_origins_come_page_by_page_from_the_store_and_from_the_graph(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = a_name("audited")
    origins = [an_origin(depot, name=f"{base}{suffix}") for suffix in ("", "-b", "0", "z")]
    for origin in origins:
        a_package(depot, origin, name="app")
    gone = an_origin(depot, name=f"{base}-gone")
    delete(depot, a_package(depot, gone, name="app"))
    audited: list[str] = []
    monkeypatch.setattr(graph_audit, "_audit_names", lambda origin, *_: audited.append(origin))
    monkeypatch.setattr(artifacts, "LISTED_AT_ONCE", 2)
    store_cursor(graph_audit.CURSOR, "")

    audit()

    mine = [each for each in audited if each.startswith(base)]
    assert mine == sorted([*origins, gone], key=lambda name: f"{name}/")
