"""The audit of the build graph: compares the nodes with the releases, and repairs them (builds.md 18).

It adds what uploads could not write, and removes names that have had neither a release nor a project for 30 days. It
runs for a limited time; several runs together read all origins. A run may be interrupted at any point and repeated.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from heapq import merge
from itertools import groupby
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.catalog import name_rows, package_rows
from chalicelib.catalog.name_rows import NameRow
from chalicelib.catalog.package_rows import PackageRow
from chalicelib.catalog.package_texts import PackageLists
from chalicelib.catalog.project_rows import ProjectRow, project_key
from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.graph import nodes, rows, service, snapshots
from chalicelib.graph.nodes import Release
from chalicelib.graph.rows import NodeRow
from chalicelib.packages import artifacts
from chalicelib.platform import logs, table
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.config import config
from chalicelib.platform.failures import Failures
from chalicelib.platform.row import Key
from chalicelib.platform.table import read, read_many
from chalicelib.scheduled.cursors import read_cursor, store_cursor

UNUSED = timedelta(days=30)
"""The time after which a name without release and project leaves the graph."""

NAMES_PER_NOTE = 50

CURSOR = "graph-audit"
"""The cursor is the last name (`origin/name`). With an empty name part, the origin is complete."""


class GraphAuditResult(Struct, frozen=True):
    """The numbers of names that were compared, nodes that were repaired or removed, and failures of a run."""

    names: int
    repaired: int
    removed: int
    failed: int


class _Run(Struct):
    """The numbers of a run so far, its end, and the graphs as readers see them at its beginning."""

    deadline: float
    failures: Failures
    graphs: dict[Target, BuildGraph]
    names: int = 0
    repaired: int = 0
    removed: int = 0

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.deadline


class _Found(Struct):
    """What a name has: the row with its counts, and its nodes by target."""

    name: NameRow | None
    nodes: dict[Target, NodeRow]


def graph_audit(seconds: float) -> GraphAuditResult:
    """Continue where the last run stopped, for `seconds`. Safe to interrupt and to repeat.

    A name that fails with any error is logged and skipped. The next pass tries it again.
    """
    graphs = {target: service.graph_of(target) for target in config.build_targets}
    run = _Run(time.monotonic() + seconds, Failures(), graphs)
    _fold(run)
    _audit_origins(run)
    result = GraphAuditResult(run.names, run.repaired, run.removed, run.failures.number)
    logs.logger().info("graph audited", extra=asdict(result))
    return result


def _fold(run: _Run) -> None:
    """Fold the changes of shards that have many: the uploads that tried were interrupted."""
    for target in run.graphs:
        keys = [rows.shard_key(target, shard) for shard in range(rows.SHARDS)]
        found = read_many(keys)
        for shard, key in enumerate(keys):
            row = found.get(key)
            if row is not None and len(row.changes) >= nodes.FOLD_EVERY:
                with run.failures.skipped():
                    snapshots.fold(target, shard)


def _audit_origins(run: _Run) -> None:
    """Audit all origins behind the cursor, at least one name, and store the progress."""
    origin, _, after = read_cursor(CURSOR).partition("/")
    if after:
        _audit_names(origin, after, run)
        if run.is_over:
            return
    is_last = False
    while not is_last:
        origins, is_last = _origins_after(origin, run)
        for origin in origins:
            _audit_names(origin, "", run)
            if run.is_over:
                return
    store_cursor(CURSOR, "")


def _origins_after(origin: str, run: _Run) -> tuple[list[str], bool]:
    """Return the next origins that have archives or nodes, and whether these are the last ones.

    The table has no list of origins, and is never scanned. Origins are in the order of the object store's folders.
    """
    stored = artifacts.origins_after(origin)
    is_last = len(stored) < artifacts.LISTED_AT_ONCE
    in_graph = {name.partition("/")[0] for graph in run.graphs.values() for name in graph}
    behind = (each for each in in_graph if not origin or _folder(each) > _folder(origin))
    if not is_last:
        behind = (each for each in behind if _folder(each) < _folder(stored[-1]))
    return sorted({*stored, *behind}, key=_folder), is_last


def _folder(origin: str) -> str:
    return f"{origin}/"


def _audit_names(origin: str, after: str, run: _Run) -> None:
    """Audit the names of an origin behind one of them until the run is over, and store the progress."""
    for number, (name, found) in enumerate(_names(origin, after, run), start=1):
        with run.failures.skipped():
            for target in run.graphs:
                _audit(origin, name, target, found, run)
        run.names += 1
        if run.is_over or number % NAMES_PER_NOTE == 0:
            store_cursor(CURSOR, f"{origin}/{name}")
        if run.is_over:
            return
    store_cursor(CURSOR, f"{origin}/")


def _names(origin: str, after: str, run: _Run) -> Iterator[tuple[str, _Found]]:
    """Yield the names of an origin that have packages or nodes, ascending."""
    start = after or None

    def of_kind(kind: type[Any], pk: str, target: Target | None) -> Iterator[tuple[str, Target | None, Any]]:
        return ((row.sk, target, row) for row in table.rows(kind, pk, after=start))

    parts = [of_kind(NameRow, name_rows.names_partition(origin), None)]
    parts += [of_kind(NodeRow, rows.nodes_partition(target, origin), target) for target in run.graphs]
    for name, entries in groupby(merge(*parts, key=lambda entry: entry[0]), key=lambda entry: entry[0]):
        found = _Found(None, {})
        for _, target, row in entries:
            if target is None:
                found.name = row
            else:
                found.nodes[target] = row
        yield name, found


def _audit(origin: str, name: str, target: Target, found: _Found, run: _Run) -> None:
    newest = None if found.name is None else _newest(origin, name, target)
    node = found.nodes.get(target)
    if newest is not None:
        run.repaired += retry_when_stale(partial(_repair, newest, target))
    if node is None:
        return
    if run.graphs[target].latest(f"{origin}/{name}") != node.ident:
        run.repaired += _show(f"{origin}/{name}", target)
    if newest is not None or read(project_key(origin, name, target)) is not None:
        _note_used(node)
    elif node.unused_since is None:
        _note_unused(node)
    elif node.unused_since < timestamp(now() - UNUSED):
        run.removed += retry_when_stale(partial(_remove, origin, name, target, node.unused_since))


def _newest(origin: str, name: str, target: Target) -> PackageRow | None:
    """Return the newest release of a name; one whose version has no digit only if there is no other."""
    partition = package_rows.releases_partition(origin, name, target)
    return next(table.rows(PackageRow, partition, newest_first=True, limit=1, page=1), None)


def _repair(newest: PackageRow, target: Target) -> bool:
    """Bring the node of a name up to date with its newest release, and return True if it was not. Raises Stale."""
    ident = PackageIdent.parse(newest.ident)
    lists = PackageLists.unpacked(newest.lists)
    release = Release.of(ident, target, lists.deps, lists.build_deps)
    found = read_many(nodes.keys_before(ident, target))
    node = nodes.changed_by(release, found)
    if node is None:
        return False
    nodes.announce(target, release.name, int(node.revision))
    with Change() as change:
        nodes.put(change, node)
        change.check(Key(PackageRow, newest.pk, newest.sk), PackageRow.artifact == newest.artifact, otherwise=_Gone())
    return True


class _Gone(Exception):
    """The newest release was deleted or replaced during the audit of its name, which the next pass repeats."""


def _show(name: str, target: Target) -> bool:
    """Let all readers read a node again if the graph does not show it, and return True in that case."""
    node = read(rows.node_key(target, name))
    if node is None or service.graph_of(target).latest(name) == node.ident:
        return False  # an upload changed the node during this run
    nodes.announce(target, name, int(node.revision))
    return True


def _note_unused(node: NodeRow) -> None:
    with Change() as change:
        moment = NodeRow.unused_since.set(timestamp(now()))
        change.update(Key(NodeRow, node.pk, node.sk), [moment], condition=nodes.is_unchanged(node))


def _note_used(node: NodeRow) -> None:
    if node.unused_since is None:
        return
    with Change() as change:
        action = NodeRow.unused_since.remove()
        change.update(Key(NodeRow, node.pk, node.sk), [action], condition=nodes.is_unchanged(node))


def _remove(origin: str, name: str, target: Target, unused_since: str) -> bool:
    """Remove a node, unless the name has got a release or a project meanwhile. Raises Stale."""
    key, name_key = rows.node_key(target, f"{origin}/{name}"), name_rows.name_key(origin, name)
    found = read_many([key, name_key])
    node, counts = found.get(key), found.get(name_key)
    if node is None or node.unused_since != unused_since or _newest(origin, name, target) is not None:
        return False
    if read(project_key(origin, name, target)) is not None:
        return False
    nodes.announce(target, f"{origin}/{name}", new_id())
    with Change() as change:
        change.delete(key, condition=nodes.is_unchanged(node) & (NodeRow.unused_since == unused_since))
        change.check(name_key, name_rows.is_same_revision(counts))
        change.check(project_key(origin, name, target), ProjectRow.pk.does_not_exist())
    return True
