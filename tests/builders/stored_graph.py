"""The stored build graph of a target that no other test uses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.graph import nodes, rows, service
from chalicelib.graph.nodes import Release
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.table import delete_many, read_many
from tests.builders.names import a_name

TARGET = Target.X86_64_LINUX_KERNEL2
STAMP = "20240101000000"


def add(name: str, *needed: str, version: str = "1.0", build: tuple[str, ...] = ()) -> Release:
    """Add a release in a transaction of its own, as an upload does."""
    deps, build_deps = ([f"{each}/1.0/{STAMP}" for each in names] for names in (needed, build))
    release = Release.of(PackageIdent.parse(f"{name}/{version}/{STAMP}"), TARGET, deps, build_deps)

    def write() -> Any:
        found = read_many(nodes.keys_before(release.ident, TARGET))
        node = nodes.changed_by(release, found)
        if node is not None:
            nodes.announce(TARGET, release.name, int(node.revision))
            with Change() as change:
                nodes.put(change, node)
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


def delete_graph() -> None:
    """Delete the shards and snapshots of the target, and what is cached."""
    shards = range(rows.SHARDS)
    delete_many([key(TARGET, shard) for shard in shards for key in (rows.shard_key, rows.snapshot_key)])
    service.forget()
