"""Changes of a shard of the build graph are folded into its snapshot, which has a limited size."""

from typing import Any

import pytest

from chalicelib.graph import nodes, rows, service, snapshots
from chalicelib.platform.table import StoreUnavailable, read
from tests.builders.graphs import a_node
from tests.builders.log_lines import log_lines
from tests.builders.names import a_name
from tests.builders.stored_graph import TARGET, add, another_process, in_one_shard


def test_uploads_fold_the_changes_of_a_shard(origin: str) -> None:
    names = in_one_shard(origin, nodes.FOLD_EVERY + 1)

    for name in names:
        add(name)

    shard = read(rows.shard_key(TARGET, rows.shard_of(names[0])))
    assert shard is not None
    assert shard.snapshot
    assert {rows.name_in(change) for change in shard.changes} == {names[-1]}


def test_a_failed_fold_does_not_fail_the_upload(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(snapshots, "fold", fail)
    names = in_one_shard(origin, nodes.FOLD_EVERY)

    for name in names:
        add(name)

    assert len(service.graph_of(TARGET)) == len(names)


def test_changes_that_are_added_meanwhile_stay(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_full_shard_keeps_the_nodes_of_origins_that_need_little(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_full_shard_takes_new_names_of_other_origins(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "SNAPSHOT_BYTES", 300)
    monkeypatch.setattr(nodes, "MOST_CHANGES", 40)
    names, other = in_one_shard(origin, 60), a_name("origin")
    shard = rows.shard_of(names[0])
    quiet = next(f"{other}/app-{each}" for each in range(10_000) if rows.shard_of(f"{other}/app-{each}") == shard)

    for name in (*names, quiet):
        add(name)

    assert quiet in set(service.graph_of(TARGET))


def test_changes_that_cannot_be_folded_are_limited(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "MOST_CHANGES", 2)
    names = in_one_shard(origin, 3)

    with log_lines() as log:
        for name in names:
            add(name)

    assert set(service.graph_of(TARGET)) == set(names[:2])
    assert read(rows.node_key(TARGET, names[2])) is None
    assert log.named("graph shard takes no more changes")


def test_packed_nodes_are_unpacked_again() -> None:
    content = {"o/a": a_node("o/a", "o/b", "o/c o/d"), "o/b": a_node("o/b")}

    assert snapshots.unpacked(snapshots.packed(content)) == content
