"""The entries of a new group and its progress, as rows."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from chalicelib.builds import rows
from chalicelib.builds.rows import EntryRow, GroupRow, ProgressRow
from chalicelib.catalog import package_rows
from chalicelib.catalog.package_rows import IdentRow
from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.build_states import EntryState
from chalicelib.core.builds.build_weights import weights
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.platform.row import Row
from chalicelib.platform.table import read_many

ROWS_PER_TRANSACTION = 95
BYTES_PER_TRANSACTION = 2_000_000
"""A transaction holds 100 rows and 4 MB."""

FIXED_BYTES = 600
"""More than an entry takes without its dependencies."""


class History(Struct, frozen=True):
    """How long the last successful builds of names took, and the idents of packages that do not exist any more."""

    seconds: dict[str, int]
    deleted: Collection[str]


def history(latest: Mapping[str, str], target: Target) -> History:
    """Return the history of some names, whose latest releases are given. One call per fifty names."""
    counts = {name: rows.job_count_key(*name.split("/", 1)) for name in latest}
    idents = {ident: package_rows.ident_key(PackageIdent.parse(ident)) for ident in latest.values() if ident}
    found = read_many([*counts.values(), *idents.values()], only=["seconds", "standing"])
    seconds = {name: row.seconds for name, key in counts.items() if (row := found.get(key)) is not None}
    return History(
        {name: int(number) for name, number in seconds.items() if number is not None},
        {ident for ident, key in idents.items() if not _exists(found.get(key), target)},
    )


def _exists(ident: IdentRow | None, target: Target) -> bool:
    return ident is not None and target in Standing.parse(ident.standing).placements


def entry_rows(
    group_id: int,
    names: Sequence[str],
    graph: BuildGraph,
    needed: Mapping[str, Collection[str]],
    earlier: History,
) -> list[EntryRow]:
    """Return the entries of projects in build order. `needed` holds the names that each must wait for."""
    weight = weights(names, needed, earlier.seconds)
    orders = {name: rows.order_text(position) for position, name in enumerate(names)}
    dependents: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for other in needed.get(name, ()):
            dependents[other].append(orders[name])
    made = []
    for name in names:
        key = rows.entry_key(group_id, orders[name])
        made.append(
            EntryRow(
                key.pk,
                key.sk,
                name=name,
                state=str(EntryState.WAITING),
                ident=graph.latest(name),
                was_deleted=graph.latest(name) in earlier.deleted,
                waiting={orders[other] for other in needed.get(name, ())} or None,
                dependents=" ".join(sorted(dependents[name])),
                weight=weight.get(name, 0),
            )
        )
    return made


def planned(group_id: int, names: Sequence[str], graph: BuildGraph, target: Target) -> list[EntryRow]:
    """Return the entries of projects in build order, with their dependencies among each other and their weights."""
    needed = graph.needed_within(list(names))
    return entry_rows(group_id, names, graph, needed, history({name: graph.latest(name) for name in names}, target))


def progress_rows(group: GroupRow) -> list[ProgressRow]:
    """Return the progress of a group whose entries all wait."""
    shards, projects = int(group.shards), int(group.projects)
    keys = [rows.progress_key(int(group.id), shard) for shard in range(shards)]
    return [ProgressRow(key.pk, key.sk, open=len(range(shard, projects, shards))) for shard, key in enumerate(keys)]


def batches(written: Sequence[EntryRow | ProgressRow]) -> Iterator[list[Row]]:
    """Yield rows in batches that fit one transaction each."""
    batch: list[Row] = []
    size = 0
    for row in written:
        row_size = _size(row)
        if batch and (len(batch) == ROWS_PER_TRANSACTION or size + row_size > BYTES_PER_TRANSACTION):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += row_size
    if batch:
        yield batch


def _size(row: EntryRow | ProgressRow) -> int:
    if isinstance(row, ProgressRow):
        return FIXED_BYTES
    return FIXED_BYTES + len(row.name) + len(row.ident) + len(row.dependents) + 10 * len(row.waiting or ())
