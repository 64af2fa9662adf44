"""Rows of the build graph of a target: nodes, and shards with their changes and snapshots (docs/ARCHITECTURE.md).

A name belongs to one of SHARDS shards, by a hash. The node of a name is the truth. A snapshot holds all nodes of a
shard, compressed; the shard's row lists the nodes that changed since.
"""

from datetime import timedelta
from zlib import crc32

from chalicelib.core.builds.numbered_graph import Node
from chalicelib.core.target import Target
from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from chalicelib.platform.clock import moment_of, now
from chalicelib.platform.row import Key, Row, partition

SHARDS = 64
"""One call reads the rows of all shards."""

UNSETTLED = timedelta(minutes=10)


class NodeRow(Row):
    """The latest release of a name, with the names that it needs, joined by line feeds.

    Every change sets a higher `revision`. `order` sorts as the releases of the name do. `unused_since` is the time
    since when the name has neither release nor project.
    """

    ident = UnicodeAttribute()
    order = UnicodeAttribute()
    deps = UnicodeAttribute(default="")
    build_deps = UnicodeAttribute(default="")
    revision = NumberAttribute()
    unused_since = UnicodeAttribute(null=True)

    @property
    def node(self) -> Node:
        """The node as the graph holds it."""
        return Node(self.ident, _entries(self.deps), _entries(self.build_deps))


class ShardRow(Row):
    """What changed in a shard since the snapshot that `snapshot` names (0: there is none).

    An element of `changed` is a name and a revision of its node. It is added before the transaction that writes the
    node, because transactions that update one row at the same time would cancel each other. Until it is *settled*, the
    node may still get this revision (`is_settled`). DynamoDB removes the attribute with its last element.
    """

    changed = UnicodeSetAttribute(null=True)
    snapshot = NumberAttribute(default=0)

    @property
    def changes(self) -> frozenset[str]:
        """The elements of `changed`."""
        return frozenset(self.changed or ())


class SnapshotRow(Row):
    """All nodes of a shard at some time, compressed (`snapshots.packed`)."""

    revision = NumberAttribute()
    content = BinaryAttribute(legacy_encoding=False)


def shard_of(name: str) -> int:
    """Return the number of the shard of a name (`origin/name`)."""
    return crc32(name.encode()) % SHARDS


def change_of(name: str, revision: int) -> str:
    """Return the element of `ShardRow.changed` for a revision of a node."""
    return f"{name}#{revision}"


def name_in(change: str) -> str:
    """Return the name in an element of `ShardRow.changed`."""
    return change.rpartition("#")[0]


def is_settled(change: str, node: NodeRow | None) -> bool:
    """Return False if the node that was read for an element of `ShardRow.changed` may still get the revision in it.

    A node never gets a revision below its own. After UNSETTLED the request that has added the element has ended.
    """
    revision = int(change.rpartition("#")[2])
    return (node is not None and node.revision >= revision) or moment_of(revision) < now() - UNSETTLED


def nodes_partition(target: Target, origin: str) -> str:
    """Partition of the nodes of an origin."""
    return partition("BUILD-NODES", target, origin)


def node_key(target: Target, name: str) -> Key[NodeRow]:
    """Key of the node of a name (`origin/name`)."""
    origin, _, package = name.partition("/")
    return Key(NodeRow, nodes_partition(target, origin), package)


def shard_key(target: Target, shard: int) -> Key[ShardRow]:
    """Key of a shard."""
    return Key(ShardRow, partition("BUILD-GRAPH", target, f"{shard:02d}"), "SHARD")


def snapshot_key(target: Target, shard: int) -> Key[SnapshotRow]:
    """Key of the snapshot of a shard."""
    return Key(SnapshotRow, partition("BUILD-GRAPH", target, f"{shard:02d}"), "SNAPSHOT")


def _entries(joined: str) -> tuple[str, ...]:
    return tuple(joined.split("\n")) if joined else ()
