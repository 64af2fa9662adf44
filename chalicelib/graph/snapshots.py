"""Snapshots of the shards of a build graph, so that a function that starts reads few rows."""

import zlib
from collections.abc import Mapping
from functools import partial

import msgspec

from chalicelib.core.builds.numbered_graph import Node
from chalicelib.core.target import Target
from chalicelib.graph import fair_share, rows
from chalicelib.graph.rows import ShardRow, SnapshotRow
from chalicelib.platform import logs
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import Change, Stale, retry_when_stale
from chalicelib.platform.clock import new_id
from chalicelib.platform.table import read_many

SNAPSHOT_BYTES = 390_000
"""A row holds 400 KB."""

UNPACKED_BYTES = 1_000_000
"""Limit of the nodes of a shard before compression, which bounds the memory of a process: repeated names compress to
almost nothing. 100,000 names take 440 KB per shard.
"""

_decoder = msgspec.json.Decoder(list[tuple[str, str, tuple[str, ...], tuple[str, ...]]])


def packed(nodes: Mapping[str, Node]) -> bytes:
    """Return the compressed form of the nodes of a shard, by name."""
    entries = [(name, node.ident, node.deps, node.build_deps) for name, node in sorted(nodes.items())]
    return zlib.compress(msgspec.json.encode(entries), 6)


def unpacked(content: bytes) -> dict[str, Node]:
    """Return the nodes in a compressed form, by name."""
    return {name: Node(ident, deps, needed) for name, ident, deps, needed in _decoder.decode(zlib.decompress(content))}


def fold(target: Target, shard: int) -> None:
    """Move the changes of a shard into its snapshot, in one transaction. Safe to repeat. Raises StoreUnavailable.

    Changes that are not settled, or added meanwhile, stay. If not all nodes fit, origins that use more than their share
    lose some.
    """
    retry_when_stale(partial(_fold, target, shard))


def _fold(target: Target, shard: int) -> None:
    shard_key, snapshot_key = rows.shard_key(target, shard), rows.snapshot_key(target, shard)
    found = read_many([shard_key, snapshot_key])
    row, snapshot = found.get(shard_key), found.get(snapshot_key)
    if row is None or not row.changes:
        return
    if int(row.snapshot) != revision_of(snapshot):
        raise Stale  # another request folded between the reads of the two rows
    nodes = {} if snapshot is None else unpacked(snapshot.content)
    settled = _bring_up_to_date(nodes, target, row.changes)
    if not settled:
        return
    content = _fitting(nodes, target, shard)
    revision = new_id()
    with Change() as change:
        change.put(SnapshotRow(snapshot_key.pk, snapshot_key.sk, revision=revision, content=content))
        actions = [ShardRow.changed.delete(settled), ShardRow.snapshot.set(revision)]
        change.update(shard_key, actions, condition=_is_current(int(row.snapshot)))


def _fitting(nodes: dict[str, Node], target: Target, shard: int) -> bytes:
    """Return the compressed form of the nodes that fit into a snapshot."""
    most = UNPACKED_BYTES
    while True:
        kept = fair_share.fitting(nodes, most)
        content = packed(kept)
        if len(content) <= SNAPSHOT_BYTES or not kept:
            break
        most = min(most - 1, int(most * SNAPSHOT_BYTES / len(content) * 0.95))
    if len(kept) < len(nodes):
        left_out = len(nodes) - len(kept)
        logs.logger().error("graph shard is full", extra={"target": target, "shard": shard, "left_out": left_out})
    return content


def revision_of(snapshot: SnapshotRow | None) -> int:
    """Return the revision of a snapshot, 0 if there is none."""
    return 0 if snapshot is None else int(snapshot.revision)


def _bring_up_to_date(nodes: dict[str, Node], target: Target, changes: frozenset[str]) -> set[str]:
    """Read the nodes of the changes. Return the changes that are settled."""
    keys = {name: rows.node_key(target, name) for name in map(rows.name_in, changes)}
    found = read_many(list(keys.values()))
    for name, key in keys.items():
        row = found.get(key)
        if row is None:
            nodes.pop(name, None)
        else:
            nodes[name] = row.node
    return {change for change in changes if rows.is_settled(change, found.get(keys[rows.name_in(change)]))}


def _is_current(snapshot: int) -> Condition:
    condition: Condition = ShardRow.snapshot == snapshot
    return condition if snapshot else ShardRow.snapshot.does_not_exist()
