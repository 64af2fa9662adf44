"""The stored build graph: every change is seen by the next read, with few calls."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.graph import nodes, rows, service, snapshots
from chalicelib.graph.nodes import Release
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.config import config
from chalicelib.platform.table import Found, Key, StoreUnavailable, delete_many, put_many, read, read_many
from tests.builders.graphs import a_node
from tests.builders.log_lines import log_lines
from tests.builders.names import a_name
from tests.perf.calls import counted_calls

TARGET = Target.X86_64_LINUX_KERNEL2
STAMP = "20240101000000"


@pytest.fixture(autouse=True)
def _no_graph(table: None) -> Iterator[None]:
    """Start and end with an empty graph of the target."""
    _delete_graph()
    yield
    _delete_graph()


def _delete_graph() -> None:
    shards = range(rows.SHARDS)
    delete_many([key(TARGET, shard) for shard in shards for key in (rows.shard_key, rows.snapshot_key)])
    service.forget()


@pytest.fixture
def origin() -> str:
    """The name of an origin, which need not exist."""
    return a_name("origin")


def add(name: str, *needed: str, version: str = "1.0", build: tuple[str, ...] = ()) -> Release:
    """Add a release in a transaction of its own, as an upload does."""
    deps, build_deps = ([f"{each}/1.0/{STAMP}" for each in names] for names in (needed, build))
    release = Release.of(PackageIdent.parse(f"{name}/{version}/{STAMP}"), TARGET, deps, build_deps)

    def write() -> Any:
        found = read_many(nodes.keys_before(release.ident, TARGET))
        with Change() as change:
            nodes.add(change, release, found)
        return found

    nodes.fold_if_due(release, retry_when_stale(write))
    return release


def in_one_shard(origin: str, number: int) -> list[str]:
    """Return names that share a shard."""
    names = (f"{origin}/{a_name('package')}" for _ in range(100_000))
    first = next(names)
    same = (name for name in names if rows.shard_of(name) == rows.shard_of(first))
    return [first, *(next(same) for _ in range(number - 1))]


@contextmanager
def another_process() -> Iterator[None]:
    """Inside the block, nothing is cached."""
    cached = service._cache.copy()
    service.forget()
    yield
    service._cache.clear()
    service._cache.update(cached)


class TestUploads:
    def test_a_release_is_in_the_graph_at_once(self, origin: str) -> None:
        assert f"{origin}/app" not in service.graph_of(TARGET)

        add(f"{origin}/app", f"{origin}/lib", build=(f"{origin}/make",))

        graph = service.graph_of(TARGET)
        assert graph.latest(f"{origin}/app") == f"{origin}/app/1.0/{STAMP}"
        assert list(graph.dependencies(f"{origin}/app")) == [f"{origin}/lib", f"{origin}/make"]
        assert list(graph.runtime_dependencies(f"{origin}/app")) == [f"{origin}/lib"]

    def test_a_newer_release_replaces_all_edges_and_an_older_one_changes_nothing(self, origin: str) -> None:
        add(f"{origin}/app", f"{origin}/a", version="1.9")
        add(f"{origin}/app", f"{origin}/b", version="1.10")
        add(f"{origin}/app", f"{origin}/c", version="1.2")

        graph = service.graph_of(TARGET)
        assert graph.latest(f"{origin}/app") == f"{origin}/app/1.10/{STAMP}"
        assert [graph.dependents(f"{origin}/{name}") for name in "abc"] == [[], [f"{origin}/app"], []]

    def test_a_version_without_a_digit_is_older_than_all_others(self, origin: str) -> None:
        add(f"{origin}/app", version="main")
        add(f"{origin}/app", version="0.1")
        add(f"{origin}/app", version="zeta")

        assert service.graph_of(TARGET).latest(f"{origin}/app") == f"{origin}/app/0.1/{STAMP}"

    def test_the_same_release_with_other_needs_replaces_its_node(self, origin: str) -> None:
        add(f"{origin}/app", f"{origin}/a")
        service.graph_of(TARGET)

        add(f"{origin}/app", f"{origin}/b")

        assert service.graph_of(TARGET).dependents(f"{origin}/b") == [f"{origin}/app"]

    def test_a_repeated_release_writes_nothing(self, origin: str) -> None:
        release = add(f"{origin}/app", f"{origin}/a")
        before = read(rows.node_key(TARGET, release.name))

        add(f"{origin}/app", f"{origin}/a")

        after = read(rows.node_key(TARGET, release.name))
        assert before is not None
        assert after is not None
        assert before.revision == after.revision

    def test_concurrent_releases_of_one_name_leave_the_newest(self, origin: str) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda minor: add(f"{origin}/app", version=f"1.{minor}"), range(16)))

        assert service.graph_of(TARGET).latest(f"{origin}/app") == f"{origin}/app/1.15/{STAMP}"

    def test_concurrent_releases_of_one_shard_are_all_seen(self, origin: str) -> None:
        names = in_one_shard(origin, 40)

        with ThreadPoolExecutor(8) as pool:
            for _ in pool.map(lambda name: add(name, f"{origin}/lib"), names):
                service.graph_of(TARGET)

        assert service.graph_of(TARGET).dependents(f"{origin}/lib") == sorted(names)
        with another_process():
            assert service.graph_of(TARGET).dependents(f"{origin}/lib") == sorted(names)

    def test_a_target_without_a_graph_has_no_rows(self, origin: str) -> None:
        target = Target.AARCH64_DARWIN

        assert nodes.keys_before(PackageIdent(origin, "app", "1", STAMP), target) == []
        assert len(service.graph_of(target)) == 0

    def test_a_node_keeps_a_limited_number_of_names(self, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(nodes, "NAMES_PER_NODE", 3)

        add(f"{origin}/app", "o/a", "o/b", build=("o/c", "o/d"))

        assert list(service.graph_of(TARGET).dependencies(f"{origin}/app")) == ["o/a", "o/b", "o/c"]

    def test_a_node_keeps_a_limited_number_of_bytes(self, origin: str) -> None:
        """Names of 500 bytes that are almost equal would need no space in a snapshot, and 64 MB in a process."""
        add(f"{origin}/app", *(f"o/{'a' * 500}{each}" for each in range(100)), build=(f"o/{'b' * 500}",))

        names = list(service.graph_of(TARGET).dependencies(f"{origin}/app"))
        assert sum(map(len, names)) <= nodes.BYTES_PER_NODE
        assert len(names) > 20


class TestReads:
    def test_a_warm_read_takes_one_call_and_one_more_after_changes(self, origin: str) -> None:
        add(f"{origin}/app")
        service.graph_of(TARGET)

        with counted_calls() as unchanged:
            service.graph_of(TARGET)
        for name in "abc":
            add(f"{origin}/{name}")
        with counted_calls() as changed:
            service.graph_of(TARGET)

        assert unchanged.total() == 1, unchanged
        assert changed.total() == 2, changed

    def test_a_cold_read_takes_two_calls_if_all_changes_are_folded(self, origin: str) -> None:
        for number in range(20):
            release = add(f"{origin}/app-{number}")
            snapshots.fold(TARGET, rows.shard_of(release.name))

        with another_process(), counted_calls() as calls:
            assert len(service.graph_of(TARGET)) == 20

        assert calls.total() == 2, calls

    def test_the_cached_graph_follows_a_snapshot_that_others_wrote(self, origin: str) -> None:
        first, second, third = in_one_shard(origin, 3)
        add(first, f"{origin}/a")
        service.graph_of(TARGET)
        with another_process():
            add(second, f"{origin}/a")
            add(first, f"{origin}/b", version="2.0")
            snapshots.fold(TARGET, rows.shard_of(first))
            add(third, f"{origin}/a")

        graph = service.graph_of(TARGET)

        assert graph.dependents(f"{origin}/a") == sorted([second, third])
        assert graph.dependents(f"{origin}/b") == [first]

    def test_a_change_that_the_snapshot_lacks_is_kept(self, origin: str) -> None:
        first, second = in_one_shard(origin, 2)
        shard = rows.shard_of(first)
        add(first, f"{origin}/a")
        snapshots.fold(TARGET, shard)
        add(second, f"{origin}/a")
        observed = read(rows.shard_key(TARGET, shard))
        assert observed is not None
        add(first, f"{origin}/b", version="2.0")
        service.graph_of(TARGET)

        snapshots.fold(TARGET, shard)

        assert service.graph_of(TARGET).dependents(f"{origin}/b") == [first]
        assert service.graph_of(TARGET).dependents(f"{origin}/a") == [second]

    def test_a_removed_node_is_gone_for_all_readers(self, origin: str) -> None:
        release = add(f"{origin}/app", f"{origin}/lib")
        service.graph_of(TARGET)
        with Change() as change:
            change.delete(rows.node_key(TARGET, release.name))
            nodes.note(change, TARGET, release.name, 1)

        assert service.graph_of(TARGET).dependents(f"{origin}/lib") == []
        snapshots.fold(TARGET, rows.shard_of(release.name))
        with another_process():
            assert service.graph_of(TARGET).dependents(f"{origin}/lib") == []

    def test_a_snapshot_that_was_replaced_between_two_calls_is_read_again(
        self, origin: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        release = add(f"{origin}/app", f"{origin}/lib")
        shard = rows.shard_of(release.name)
        snapshots.fold(TARGET, shard)
        versions = iter(["2.0"])

        def read_then_fold(keys: Sequence[Key[Any]]) -> Found:
            found = read_many(keys)
            for version in versions:
                add(f"{origin}/app", version=version)
                snapshots.fold(TARGET, shard)
            return found

        monkeypatch.setattr(service, "read_many", read_then_fold)
        service.forget()

        assert service.graph_of(TARGET).latest(f"{origin}/app") == f"{origin}/app/2.0/{STAMP}"

    def test_the_cached_graph_follows_a_table_that_was_emptied(self, origin: str) -> None:
        folded, changed = in_one_shard(origin, 2)
        shard = rows.shard_of(folded)
        add(folded, f"{origin}/lib")
        snapshots.fold(TARGET, shard)
        add(changed, f"{origin}/lib")
        service.graph_of(TARGET)

        delete_many([rows.shard_key(TARGET, shard), rows.snapshot_key(TARGET, shard)])

        assert service.graph_of(TARGET).dependents(f"{origin}/lib") == []

    def test_the_cached_graph_follows_a_table_that_was_restored_to_a_time_before_the_first_fold(
        self, origin: str
    ) -> None:
        early, late = in_one_shard(origin, 2)
        shard = rows.shard_of(early)
        add(early, f"{origin}/lib")
        restored = read(rows.shard_key(TARGET, shard))
        add(late, f"{origin}/lib")
        snapshots.fold(TARGET, shard)
        service.graph_of(TARGET)

        delete_many([rows.shard_key(TARGET, shard), rows.snapshot_key(TARGET, shard), rows.node_key(TARGET, late)])
        assert restored is not None
        put_many([restored])

        assert service.graph_of(TARGET).dependents(f"{origin}/lib") == [early]

    def test_the_cached_graph_follows_a_table_that_was_restored_to_fewer_changes(self, origin: str) -> None:
        early, late = in_one_shard(origin, 2)
        key = rows.shard_key(TARGET, rows.shard_of(early))
        add(early, f"{origin}/lib")
        node, restored = read(rows.node_key(TARGET, early)), read(key)
        add(early, f"{origin}/other", version="2.0")
        add(late, f"{origin}/lib")
        service.graph_of(TARGET)

        delete_many([rows.node_key(TARGET, late)])
        assert node is not None
        assert restored is not None
        put_many([node, restored])

        assert service.graph_of(TARGET).dependents(f"{origin}/lib") == [early]


class TestFolding:
    def test_uploads_fold_the_changes_of_a_shard(self, origin: str) -> None:
        names = in_one_shard(origin, nodes.FOLD_EVERY + 1)

        for name in names:
            add(name)

        shard = read(rows.shard_key(TARGET, rows.shard_of(names[0])))
        assert shard is not None
        assert shard.snapshot
        assert {rows.name_in(change) for change in shard.changes} == {names[-1]}

    def test_a_failed_fold_does_not_fail_the_upload(self, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise StoreUnavailable

        monkeypatch.setattr(snapshots, "fold", fail)
        names = in_one_shard(origin, nodes.FOLD_EVERY)

        for name in names:
            add(name)

        assert len(service.graph_of(TARGET)) == len(names)

    def test_changes_that_are_added_meanwhile_stay(self, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
        first, second = in_one_shard(origin, 2)
        add(first)
        packed = snapshots.packed
        late = iter([second])

        def pack_late(content: Any) -> bytes:
            for name in late:
                add(name)
            return packed(content)

        monkeypatch.setattr(snapshots, "packed", pack_late)
        snapshots.fold(TARGET, rows.shard_of(first))

        shard = read(rows.shard_key(TARGET, rows.shard_of(first)))
        assert shard is not None
        assert {rows.name_in(change) for change in shard.changes} == {second}
        with another_process():
            assert set(service.graph_of(TARGET)) == {first, second}

    def test_a_full_shard_keeps_the_nodes_of_origins_that_need_little(
        self, origin: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(snapshots, "UNPACKED_BYTES", 1_000)
        names, other = in_one_shard(origin, 12), a_name("origin")
        shard = rows.shard_of(names[0])
        quiet = next(f"{other}/app-{each}" for each in range(10_000) if rows.shard_of(f"{other}/app-{each}") == shard)

        with log_lines() as log:
            for name in (*names, quiet):
                add(name)
            snapshots.fold(TARGET, shard)

        with another_process():
            graph = service.graph_of(TARGET)
        assert quiet in set(graph)
        assert 0 < len(set(graph) & set(names)) < len(names)
        assert log.named("graph shard is full")

    def test_a_full_shard_takes_new_names_of_other_origins(self, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(snapshots, "SNAPSHOT_BYTES", 300)
        monkeypatch.setattr(nodes, "MOST_CHANGES", 40)
        names, other = in_one_shard(origin, 60), a_name("origin")
        shard = rows.shard_of(names[0])
        quiet = next(f"{other}/app-{each}" for each in range(10_000) if rows.shard_of(f"{other}/app-{each}") == shard)

        for name in (*names, quiet):
            add(name)

        assert quiet in set(service.graph_of(TARGET))

    def test_changes_that_cannot_be_folded_are_limited(self, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(nodes, "MOST_CHANGES", 2)
        names = in_one_shard(origin, 3)

        with log_lines() as log:
            for name in names:
                add(name)

        assert set(service.graph_of(TARGET)) == set(names[:2])
        assert read(rows.node_key(TARGET, names[2])) is None
        assert log.named("graph shard takes no more changes")

    def test_packed_nodes_are_unpacked_again(self) -> None:
        content = {"o/a": a_node("o/a", "o/b", "o/c o/d"), "o/b": a_node("o/b")}

        assert snapshots.unpacked(snapshots.packed(content)) == content


def test_a_graph_of_a_target_that_is_no_longer_built_is_empty(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    add(f"{origin}/app")
    monkeypatch.setattr(service, "config", replace(config, build_targets=()))

    assert len(service.graph_of(TARGET)) == 0


def test_old_changes_of_a_node_that_changed_again_do_no_harm(origin: str) -> None:
    release = add(f"{origin}/app", f"{origin}/a")
    add(f"{origin}/app", f"{origin}/b", version="2.0")
    key = rows.shard_key(TARGET, rows.shard_of(release.name))
    row = read(key)
    assert row is not None
    put_many([rows.ShardRow(key.pk, key.sk, changed={next(iter(row.changes))}, snapshot=row.snapshot)])

    assert service.graph_of(TARGET).dependents(f"{origin}/b") == [f"{origin}/app"]
