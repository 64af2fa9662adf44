"""The build graph of a target, cached between requests."""

from functools import cached_property

from msgspec import Struct

from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.numbered_graph import Node
from chalicelib.core.target import Target
from chalicelib.graph import rows, snapshots
from chalicelib.graph.rows import NodeRow, ShardRow
from chalicelib.platform.change import Stale, retry_when_stale
from chalicelib.platform.config import config
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found, read_many


class _Shard(Struct, frozen=True):
    """What the cached graph holds of a shard: the snapshot, and the changes that were applied to it."""

    snapshot: int = 0
    changes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


class _Cached(Struct, frozen=True):
    """A graph, and the state of the shards when it was read."""

    graph: BuildGraph
    shards: tuple[_Shard, ...]


_EMPTY = _Cached(BuildGraph(), (_Shard(),) * rows.SHARDS)
_cache: dict[Target, _Cached] = {}
"""One graph per target of the settings. 100,000 names take about 100 MB."""


def has_graph(target: Target) -> bool:
    """Return True if a target has a build graph: the targets for which packages can be built."""
    return target in config.build_targets


def graph_of(target: Target) -> BuildGraph:
    """Return the current build graph of a target. It holds every upload that was answered before the call.

    One call reads what changed since the cached graph, and one more per hundred changed names or snapshots reads that.
    Empty for a target for which packages are not built. Raises StoreUnavailable.
    """
    return retry_when_stale(lambda: _current(target)) if has_graph(target) else _EMPTY.graph


def forget() -> None:
    """Drop the cached graphs, for tests."""
    _cache.clear()


def _current(target: Target) -> BuildGraph:
    cached = _cache.get(target, _EMPTY)
    keys = [rows.shard_key(target, shard) for shard in range(rows.SHARDS)]
    found = read_many(keys)
    differences = [_Difference(shard, cached.shards[shard], found.get(key)) for shard, key in enumerate(keys)]
    differences = [each for each in differences if each.exists]
    if not differences:
        return cached.graph
    changed_keys = [key for difference in differences for key in difference.keys(target)]
    changed_rows = read_many(changed_keys)
    nodes: dict[str, Node | None] = {}
    shards = list(cached.shards)
    for difference in differences:
        shards[difference.shard] = difference.apply(target, changed_rows, nodes)
    graph = _with_changes(cached.graph, nodes)
    _cache[target] = _Cached(graph, tuple(shards))
    return graph


def _with_changes(graph: BuildGraph, nodes: dict[str, Node | None]) -> BuildGraph:
    if len(graph):
        return graph.changed(nodes)
    return BuildGraph({name: node for name, node in nodes.items() if node is not None})


class _Difference:
    """The difference between a shard as cached and as stored."""

    def __init__(self, shard: int, cached: _Shard, row: ShardRow | None) -> None:
        self.shard = shard
        self._cached = cached
        self._snapshot = 0 if row is None else int(row.snapshot)
        self._changes = frozenset() if row is None else row.changes
        self._has_other_snapshot = self._snapshot != cached.snapshot

    @property
    def exists(self) -> bool:
        """False if the cached graph is current."""
        return self._has_other_snapshot or self._changes != self._cached.changes

    def keys(self, target: Target) -> list[Key[rows.SnapshotRow] | Key[NodeRow]]:
        """Return the keys of the rows that hold the difference."""
        keys: list[Key[rows.SnapshotRow] | Key[NodeRow]] = [rows.node_key(target, name) for name in self._names_to_read]
        return [*keys, rows.snapshot_key(target, self.shard)] if self._has_other_snapshot else keys

    def apply(self, target: Target, found: Found, nodes: dict[str, Node | None]) -> _Shard:
        """Add the nodes of the difference to `nodes`, and return the shard as cached from now on. Raises Stale.

        Changes that are not settled are left out of the cached shard, so that the next call reads their nodes again.
        """
        names = self._cached.names
        if self._has_other_snapshot:
            names = self._apply_snapshot(target, found, nodes)
        read = {name: found.get(rows.node_key(target, name)) for name in self._names_to_read}
        nodes.update((name, None if row is None else row.node) for name, row in read.items())
        unsettled = {
            change
            for change in self._changes
            if (name := rows.name_in(change)) in read and not rows.is_settled(change, read[name])
        }
        return _Shard(self._snapshot, self._changes - unsettled, names | self._names_to_read)

    @cached_property
    def _names_to_read(self) -> frozenset[str]:
        """The names of changes that only one side has. Another snapshot holds the changes that are no longer stored.

        A restored table may have the cached snapshot with fewer changes.
        """
        names = frozenset(map(rows.name_in, self._changes ^ self._cached.changes))
        return names & self._names_of_changes if self._has_other_snapshot else names

    @cached_property
    def _names_of_changes(self) -> frozenset[str]:
        return frozenset(map(rows.name_in, self._changes))

    def _apply_snapshot(self, target: Target, found: Found, nodes: dict[str, Node | None]) -> frozenset[str]:
        """Add the nodes of the snapshot, without those of changes that it lacks and the cached graph has."""
        kept = self._names_of_changes - self._names_to_read
        stored = self._stored(target, found)
        removed = self._cached.names.difference(stored, kept)
        nodes.update(dict.fromkeys(removed))
        nodes.update((name, node) for name, node in stored.items() if name not in kept)
        return frozenset(stored) | kept

    def _stored(self, target: Target, found: Found) -> dict[str, Node]:
        """Return the nodes of the snapshot. Raises Stale if another one replaced it after the shard was read."""
        if not self._snapshot:
            return {}  # a restored table may name none where a newer one is cached
        snapshot = found.get(rows.snapshot_key(target, self.shard))
        if snapshot is None or snapshots.revision_of(snapshot) != self._snapshot:
            raise Stale
        return snapshots.unpacked(snapshot.content)
