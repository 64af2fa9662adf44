"""The stored build graph is read with few calls, and every change is seen by the next read."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.core.ident import PackageIdent
from chalicelib.graph import nodes, rows, service, snapshots
from chalicelib.graph.nodes import Release
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.config import config
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found, delete_many, put_many, read, read_many
from tests.builders.stored_graph import STAMP, TARGET, add, another_process, in_one_shard
from tests.perf.calls import counted_calls


def test_a_warm_read_takes_one_call_and_one_more_after_changes(origin: str) -> None:
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


def test_a_cold_read_takes_two_calls_if_all_changes_are_folded(origin: str) -> None:
    for number in range(20):
        release = add(f"{origin}/app-{number}")
        snapshots.fold(TARGET, rows.shard_of(release.name))

    with another_process(), counted_calls() as calls:
        assert len(service.graph_of(TARGET)) == 20

    assert calls.total() == 2, calls


def test_the_cached_graph_follows_a_snapshot_that_others_wrote(origin: str) -> None:
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


def test_a_change_that_the_snapshot_lacks_is_kept(origin: str) -> None:
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


def test_a_removed_node_is_gone_for_all_readers(origin: str) -> None:
    release = add(f"{origin}/app", f"{origin}/lib")
    service.graph_of(TARGET)
    with Change() as change:
        change.delete(rows.node_key(TARGET, release.name))
    nodes.announce(TARGET, release.name, 1)

    assert service.graph_of(TARGET).dependents(f"{origin}/lib") == []
    snapshots.fold(TARGET, rows.shard_of(release.name))
    with another_process():
        assert service.graph_of(TARGET).dependents(f"{origin}/lib") == []


def test_a_snapshot_that_was_replaced_between_two_calls_is_read_again(
    origin: str, monkeypatch: pytest.MonkeyPatch
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


def test_the_cached_graph_follows_a_table_that_was_emptied(origin: str) -> None:
    folded, changed = in_one_shard(origin, 2)
    shard = rows.shard_of(folded)
    add(folded, f"{origin}/lib")
    snapshots.fold(TARGET, shard)
    add(changed, f"{origin}/lib")
    service.graph_of(TARGET)

    delete_many([rows.shard_key(TARGET, shard), rows.snapshot_key(TARGET, shard)])

    assert service.graph_of(TARGET).dependents(f"{origin}/lib") == []


def test_the_cached_graph_follows_a_table_that_was_restored_to_a_time_before_the_first_fold(origin: str) -> None:
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


def test_the_cached_graph_follows_a_table_that_was_restored_to_fewer_changes(origin: str) -> None:
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


def test_a_graph_of_a_target_that_is_no_longer_built_is_empty(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    add(f"{origin}/app")
    monkeypatch.setattr(service, "config", replace(config, build_targets=()))

    assert len(service.graph_of(TARGET)) == 0


def test_a_node_that_is_written_after_a_reader_has_seen_its_announcement_is_seen(origin: str) -> None:
    release = Release.of(PackageIdent.parse(f"{origin}/app/1.0/{STAMP}"), TARGET, [f"{origin}/lib/1.0/{STAMP}"], [])
    node = nodes.changed_by(release, read_many(nodes.keys_before(release.ident, TARGET)))
    assert node is not None
    nodes.announce(TARGET, release.name, int(node.revision))
    shard = rows.shard_of(release.name)
    assert service.graph_of(TARGET).dependents(f"{origin}/lib") == []
    snapshots.fold(TARGET, shard)
    assert service.graph_of(TARGET).dependents(f"{origin}/lib") == []

    with Change() as change:
        nodes.put(change, node)

    assert service.graph_of(TARGET).dependents(f"{origin}/lib") == [release.name]
    with another_process():
        assert service.graph_of(TARGET).dependents(f"{origin}/lib") == [release.name]
    snapshots.fold(TARGET, shard)
    folded = read(rows.shard_key(TARGET, shard))
    assert folded is not None
    assert not folded.changes


def test_a_node_never_gets_a_lower_revision_or_an_older_release(origin: str) -> None:
    older, newer = (
        Release.of(PackageIdent.parse(f"{origin}/app/{version}/{STAMP}"), TARGET, [], []) for version in ("1.0", "2.0")
    )
    found = read_many(nodes.keys_before(newer.ident, TARGET))
    late, first, old = (nodes.changed_by(release, found) for release in (newer, newer, older))
    assert late is not None and first is not None and old is not None
    late.revision, first.revision, old.revision = 1, 2, 3

    with Change() as change:
        nodes.put(change, first)

    for each in (late, old):
        with pytest.raises(Stale), Change() as change:
            nodes.put(change, each)


def test_old_changes_of_a_node_that_changed_again_do_no_harm(origin: str) -> None:
    release = add(f"{origin}/app", f"{origin}/a")
    add(f"{origin}/app", f"{origin}/b", version="2.0")
    key = rows.shard_key(TARGET, rows.shard_of(release.name))
    row = read(key)
    assert row is not None
    put_many([rows.ShardRow(key.pk, key.sk, changed={next(iter(row.changes))}, snapshot=row.snapshot)])

    assert service.graph_of(TARGET).dependents(f"{origin}/b") == [f"{origin}/app"]
