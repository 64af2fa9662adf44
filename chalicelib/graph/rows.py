"""Rows of the build graph of a target: nodes, and shards with their changes and snapshots (docs/ARCHITECTURE.md).

A name belongs to one of SHARDS shards, by a hash. The node of a name is the truth. A snapshot holds all nodes of a
shard, compressed; the shard's row lists the nodes that changed since.
"""

from zlib import crc32

from chalicelib.core.numbered_graph import Node
from chalicelib.core.target import Target
from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from chalicelib.platform.table import Key, Row, partition

SHARDS = 64
"""One call reads the rows of all shards, and uploads at the same time seldom write the same one."""


class NodeRow(Row):
    """The latest release of a name, with the names that it needs, joined by line feeds.

    Every change sets a new `revision`. `unused_since` is the time since when the name has neither release nor project.
    """

    ident = UnicodeAttribute()
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

    An element of `changed` is a name and a revision of its node. Additions need no condition, so uploads at the same
    time do not have to repeat their decisions. DynamoDB removes the attribute with its last element.
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
