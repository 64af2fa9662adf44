"""Writes the build graph of a generated depot in bulk: the nodes, and snapshots that hold them."""

from collections import defaultdict
from collections.abc import Mapping

from chalicelib.catalog.package_rows import release_sort_key
from chalicelib.core.builds.numbered_graph import Node
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.graph import rows, snapshots
from chalicelib.graph.rows import NodeRow, ShardRow, SnapshotRow
from chalicelib.platform.clock import new_id
from chalicelib.platform.table import put_many, read_many


def write(target: Target, nodes: Mapping[str, Node]) -> int:
    """Add nodes to the graph of a target, which nothing else may change meanwhile. Returns the number of rows."""
    by_shard: dict[int, dict[str, Node]] = defaultdict(dict)
    for name, node in nodes.items():
        by_shard[rows.shard_of(name)][name] = node
    put_many([_node_row(target, name, node) for name, node in nodes.items()])
    for shard, of_shard in by_shard.items():
        _add_to_snapshot(target, shard, of_shard)
    return len(nodes) + 2 * len(by_shard)


def _node_row(target: Target, name: str, node: Node) -> NodeRow:
    key = rows.node_key(target, name)
    deps, build_deps = "\n".join(node.deps), "\n".join(node.build_deps)
    return NodeRow(
        key.pk,
        key.sk,
        ident=node.ident,
        order=release_sort_key(PackageIdent.parse(node.ident)),
        deps=deps,
        build_deps=build_deps,
        revision=new_id(),
    )


def _add_to_snapshot(target: Target, shard: int, nodes: Mapping[str, Node]) -> None:
    shard_key, snapshot_key = rows.shard_key(target, shard), rows.snapshot_key(target, shard)
    found = read_many([shard_key, snapshot_key])
    row, snapshot = found.get(shard_key), found.get(snapshot_key)
    stored = {} if snapshot is None else snapshots.unpacked(snapshot.content)
    revision = new_id()
    content = snapshots.packed({**stored, **nodes})
    changed = None if row is None else row.changed
    put_many(
        [
            SnapshotRow(snapshot_key.pk, snapshot_key.sk, revision=revision, content=content),
            ShardRow(shard_key.pk, shard_key.sk, snapshot=revision, changed=changed),
        ]
    )
