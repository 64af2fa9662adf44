"""The entries of a new group and its progress, as rows."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from chalicelib.builds import rows
from chalicelib.builds.rows import EntryRow, GroupRow, ProgressRow
from chalicelib.core.build_graph import BuildGraph
from chalicelib.core.build_states import EntryState
from chalicelib.core.build_weights import weights
from chalicelib.platform.table import Row, read_many

ROWS_PER_TRANSACTION = 95
BYTES_PER_TRANSACTION = 2_000_000
"""A transaction holds 100 rows and 4 MB."""

FIXED_BYTES = 600
"""More than an entry takes without its dependencies."""


def earlier_seconds(names: Collection[str]) -> dict[str, int]:
    """Return how long the last successful builds of some names took. One call per hundred names."""
    keys = {name: rows.job_count_key(*name.split("/", 1)) for name in names}
    found = read_many(list(keys.values()))
    counts = {name: row for name, key in keys.items() if (row := found.get(key)) is not None}
    return {name: int(row.seconds) for name, row in counts.items() if row.seconds is not None}


def entry_rows(
    group_id: int,
    names: Sequence[str],
    graph: BuildGraph,
    needed: Mapping[str, Collection[str]],
    weight: Mapping[str, int],
) -> list[EntryRow]:
    """Return the entries of projects in build order. `needed` holds the names that each must wait for."""
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
                waiting={orders[other] for other in needed.get(name, ())} or None,
                dependents=" ".join(sorted(dependents[name])),
                weight=weight.get(name, 0),
            )
        )
    return made


def planned(group_id: int, names: Sequence[str], graph: BuildGraph) -> list[EntryRow]:
    """Return the entries of projects in build order, with their dependencies among each other and their weights."""
    needed = graph.needed_within(list(names))
    return entry_rows(group_id, names, graph, needed, weights(names, needed, earlier_seconds(names)))


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
