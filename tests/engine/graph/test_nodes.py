"""The nodes of the stored build graph, as uploads write them (builds.md 8.1)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.graph import nodes, rows, service
from chalicelib.platform.table import read
from tests.builders.stored_graph import STAMP, TARGET, add, another_process, in_one_shard


def test_a_release_is_in_the_graph_at_once(origin: str) -> None:
    assert f"{origin}/app" not in service.graph_of(TARGET)

    add(f"{origin}/app", f"{origin}/lib", build=(f"{origin}/make",))

    graph = service.graph_of(TARGET)
    assert graph.latest(f"{origin}/app") == f"{origin}/app/1.0/{STAMP}"
    assert list(graph.dependencies(f"{origin}/app")) == [f"{origin}/lib", f"{origin}/make"]
    assert list(graph.runtime_dependencies(f"{origin}/app")) == [f"{origin}/lib"]


def test_a_newer_release_replaces_all_edges_and_an_older_one_changes_nothing(origin: str) -> None:
    add(f"{origin}/app", f"{origin}/a", version="1.9")
    add(f"{origin}/app", f"{origin}/b", version="1.10")
    add(f"{origin}/app", f"{origin}/c", version="1.2")

    graph = service.graph_of(TARGET)
    assert graph.latest(f"{origin}/app") == f"{origin}/app/1.10/{STAMP}"
    assert [graph.dependents(f"{origin}/{name}") for name in "abc"] == [[], [f"{origin}/app"], []]


def test_a_version_without_a_digit_is_older_than_all_others(origin: str) -> None:
    add(f"{origin}/app", version="main")
    add(f"{origin}/app", version="0.1")
    add(f"{origin}/app", version="zeta")

    assert service.graph_of(TARGET).latest(f"{origin}/app") == f"{origin}/app/0.1/{STAMP}"


def test_the_same_release_with_other_needs_replaces_its_node(origin: str) -> None:
    add(f"{origin}/app", f"{origin}/a")
    service.graph_of(TARGET)

    add(f"{origin}/app", f"{origin}/b")

    assert service.graph_of(TARGET).dependents(f"{origin}/b") == [f"{origin}/app"]


def test_a_repeated_release_writes_nothing(origin: str) -> None:
    release = add(f"{origin}/app", f"{origin}/a")
    before = read(rows.node_key(TARGET, release.name))

    add(f"{origin}/app", f"{origin}/a")

    after = read(rows.node_key(TARGET, release.name))
    assert before is not None
    assert after is not None
    assert before.revision == after.revision


def test_concurrent_releases_of_one_name_leave_the_newest(origin: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda minor: add(f"{origin}/app", version=f"1.{minor}"), range(16)))

    assert service.graph_of(TARGET).latest(f"{origin}/app") == f"{origin}/app/1.15/{STAMP}"


def test_concurrent_releases_of_one_shard_are_all_seen(origin: str) -> None:
    names = in_one_shard(origin, 40)

    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda name: add(name, f"{origin}/lib"), names):
            service.graph_of(TARGET)

    assert service.graph_of(TARGET).dependents(f"{origin}/lib") == sorted(names)
    with another_process():
        assert service.graph_of(TARGET).dependents(f"{origin}/lib") == sorted(names)


def test_a_target_without_a_graph_has_no_rows(origin: str) -> None:
    target = Target.AARCH64_DARWIN

    assert nodes.keys_before(PackageIdent(origin, "app", "1", STAMP), target) == []
    assert len(service.graph_of(target)) == 0


def test_a_node_keeps_a_limited_number_of_names(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "NAMES_PER_NODE", 3)

    add(f"{origin}/app", "o/a", "o/b", build=("o/c", "o/d"))

    assert list(service.graph_of(TARGET).dependencies(f"{origin}/app")) == ["o/a", "o/b", "o/c"]


def test_a_node_keeps_a_limited_number_of_bytes(origin: str) -> None:
    """Names of 500 bytes that are almost equal would need no space in a snapshot, and 64 MB in a process."""
    add(f"{origin}/app", *(f"o/{'a' * 500}{each}" for each in range(100)), build=(f"o/{'b' * 500}",))

    names = list(service.graph_of(TARGET).dependencies(f"{origin}/app"))
    assert sum(map(len, names)) <= nodes.BYTES_PER_NODE
    assert len(names) > 20
