"""Changes of nodes by uploads (builds.md 7.3, 8.1). Deletions of packages never change a node."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from msgspec import Struct

from chalicelib.catalog.package_rows import release_sort_key
from chalicelib.core.builds.numbered_graph import Node
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.graph import rows, service, snapshots
from chalicelib.graph.rows import NodeRow, ShardRow
from chalicelib.platform import logs
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import Change, update
from chalicelib.platform.clock import new_id
from chalicelib.platform.retry_budget import single_try
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found, StoreUnavailable

NAMES_PER_NODE = 1_000
"""A node keeps so many names that a release needs. Real packages need less than a hundred."""

BYTES_PER_NODE = 16_000
"""Limit of these names together. Real packages need less than 3 KB."""

FOLD_EVERY = 16
"""The number of changes of a shard after which an upload folds them into the snapshot."""

MOST_CHANGES = 512
"""Most changes of a shard that wait for a fold. Further ones are left out, and the audit adds them later."""


class Release(Struct, frozen=True):
    """A release and the names that it needs (`origin/name`)."""

    ident: PackageIdent
    target: Target
    deps: tuple[str, ...]
    build_deps: tuple[str, ...]

    @classmethod
    def of(cls, ident: PackageIdent, target: Target, deps: Iterable[str], build_deps: Iterable[str]) -> "Release":
        """Return the release with dependencies given as idents. Texts that are not idents are left out."""
        names = _names_in(deps, BYTES_PER_NODE)
        return cls(ident, target, names, _names_in(build_deps, BYTES_PER_NODE - sum(map(len, names))))

    @property
    def name(self) -> str:
        """`origin/name`."""
        return f"{self.ident.origin}/{self.ident.name}"

    @property
    def node(self) -> Node:
        """The node that the release makes."""
        return Node(str(self.ident), self.deps, self.build_deps[: NAMES_PER_NODE - len(self.deps)])


def keys_before(ident: PackageIdent, target: Target) -> list[Key[Any]]:
    """Return the keys of the rows that must be read before `add`. None for a target without a build graph."""
    if not service.has_graph(target):
        return []
    name = f"{ident.origin}/{ident.name}"
    return [rows.node_key(target, name), rows.shard_key(target, rows.shard_of(name))]


def changes_graph(release: Release, found: Found) -> bool:
    """Return True if a release is the latest of its name and differs from the node. `found` holds `keys_before`."""
    if not service.has_graph(release.target):
        return False
    row = found.get(rows.node_key(release.target, release.name))
    if row is None:
        return True
    known = release_sort_key(PackageIdent.parse(row.ident))
    return release_sort_key(release.ident) >= known and row.node != release.node


def cycle_closed_by(release: Release, found: Found) -> list[str]:
    """Return the cycle that a release would close, or an empty list (builds.md 7.3). `found` holds `keys_before`.

    Only names that the earlier latest release did not need can close one, so most uploads do not read the graph.
    """
    row = found.get(rows.node_key(release.target, release.name))
    if row is None or not changes_graph(release, found):
        return []
    known, node = row.node, release.node
    added = {*node.deps, *node.build_deps}.difference(known.deps, known.build_deps)
    return service.graph_of(release.target).cycle_closed_by(release.name, added) if added else []


def changed_by(release: Release, found: Found) -> NodeRow | None:
    """Return the new node of a name if a release is the latest of it, else None. `found` holds `keys_before`."""
    return node_of(release, found) if changes_graph(release, found) else None


def node_of(release: Release, found: Found) -> NodeRow | None:
    """Return the node of a name with a release, also in place of a newer one; None if its shard takes no change."""
    shard_key = rows.shard_key(release.target, rows.shard_of(release.name))
    if len(_changes(found.get(shard_key))) >= MOST_CHANGES:
        logs.logger().error("graph shard takes no more changes", extra={"target": release.target})
        return None
    key, node = rows.node_key(release.target, release.name), release.node
    known = found.get(key)
    return NodeRow(
        key.pk,
        key.sk,
        ident=node.ident,
        order=release_sort_key(release.ident),
        deps="\n".join(node.deps),
        build_deps="\n".join(node.build_deps),
        revision=new_id() if known is None else max(new_id(), int(known.revision) + 1),
    )


def announce(target: Target, name: str, revision: int) -> None:
    """Note that the node of a name gets a revision, or is removed, so that all readers read it again.

    One call, before the transaction that changes the node.
    """
    update(rows.shard_key(target, rows.shard_of(name)), [ShardRow.changed.add({rows.change_of(name, revision)})])


def put(change: Change, node: NodeRow) -> None:
    """Add an announced node to a change. The change raises Stale if the node has a newer release or revision."""
    is_newer = (NodeRow.order <= node.order) & (NodeRow.revision < node.revision)
    change.put(node, condition=NodeRow.pk.does_not_exist() | is_newer)


def is_unchanged(row: NodeRow | None) -> Condition:
    """Return the condition that a node is still as it was read."""
    condition: Condition = NodeRow.pk.does_not_exist() if row is None else NodeRow.revision == row.revision
    return condition


def fold_if_due(release: Release, found: Found) -> None:
    """Fold the changes of a shard after every FOLD_EVERY of them. Optional: a later upload tries again."""
    if not service.has_graph(release.target):
        return
    shard = rows.shard_of(release.name)
    if len(_changes(found.get(rows.shard_key(release.target, shard)))) % FOLD_EVERY == FOLD_EVERY - 1:
        with single_try(), suppress(StoreUnavailable):
            snapshots.fold(release.target, shard)


def _changes(row: ShardRow | None) -> frozenset[str]:
    return frozenset() if row is None else row.changes


def _names_in(idents: Iterable[str], most_bytes: int) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for ident in idents:
        origin, _, rest = ident.partition("/")
        name = rest.partition("/")[0]
        if not origin or not name or f"{origin}/{name}" in names:
            continue
        most_bytes -= len(origin) + len(name) + 1
        if most_bytes < 0 or len(names) == NAMES_PER_NODE:
            break
        names[f"{origin}/{name}"] = None
    return tuple(names)
