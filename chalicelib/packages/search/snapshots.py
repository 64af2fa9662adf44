"""Reading and folding of the snapshots of the name index: changes in the log of names move into the snapshots.

Each snapshot is complete in itself and is written with one conditional update. So a fold may be interrupted anywhere,
several folds may run at the same time, and none meets the transactions of uploads. The changes stay in the log until
no reader needs them (`scheduled/name_log_upkeep.py`).
"""

import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from operator import itemgetter

import msgspec
from msgspec import Struct

from chalicelib.catalog import name_log
from chalicelib.core.builds import fair_share
from chalicelib.core.search.name_table import Name
from chalicelib.core.shown import Shown
from chalicelib.packages.search import rows
from chalicelib.packages.search.rows import NamesRow
from chalicelib.platform import logs
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import update_if
from chalicelib.platform.clock import new_id
from chalicelib.platform.failures import optional_work
from chalicelib.platform.table import Found, read_many

FOLD_EVERY = 64
"""The number of changes after which the process that made them folds."""

SNAPSHOT_BYTES = 390_000
"""A row holds 400 KB."""

UNPACKED_BYTES = 2_000_000
"""Limit of the names of a shard before compression, which bounds the memory of a process."""

OVERHEAD = 8
"""Bytes of quotes and commas that a name adds to a snapshot, besides its letters."""

_Stored = dict[Shown, dict[str, list[str]]]
"""Names by who sees them and by origin."""

_decoder = msgspec.json.Decoder(_Stored)


class Snapshot(Struct, frozen=True):
    """The names of all shards, and the position in the log up to which all changes are among them."""

    shown: dict[Name, Shown]
    position: int


Reader = Callable[..., Found]
"""Reads the rows of some keys: `Caller.read_with` reads those that prove the caller with them."""


def read(reader: Reader | None = None) -> Snapshot:
    """Return all snapshots together. One call. Raises StoreUnavailable."""
    shards = _of(read_many(rows.KEYS) if reader is None else reader(*rows.KEYS))
    shown: dict[Name, Shown] = {}
    for row in shards:
        if row is not None:
            shown.update(unpacked(row.content))
    return Snapshot(shown, _position(shards))


def position() -> int:
    """Return the position up to which all changes are in the snapshots."""
    return _position(_shards())


def fold(upto: int | None = None) -> None:
    """Move the changes of the log into the snapshots. Safe to interrupt and to repeat. Raises StoreUnavailable.

    upto: the position that the snapshots get. Only a writer that writes alone may know a better one than the default.
    """
    upto = upto or name_log.position_now()  # before the log is read
    shards = _shards()
    changes: dict[int, dict[Name, Shown]] = defaultdict(dict)
    for change in name_log.changes_after(_position(shards)):
        changes[rows.shard_of(change.origin, change.name)][change.name, change.origin] = change.shown
    if changes:
        for shard, row in enumerate(shards):
            _fold(shard, row, changes[shard], upto)


def fold_if_possible() -> None:
    """Fold in a single attempt. Optional: a later one continues."""
    with optional_work():
        fold()


class Count:
    """The number of new names of this process since it folded."""

    value = 0


def fold_if_due() -> None:
    """Count a new name, and fold after every FOLD_EVERY of this process. Optional, like `fold_if_possible`."""
    Count.value += 1
    if Count.value >= FOLD_EVERY:
        Count.value = 0
        fold_if_possible()


def packed(shown: Mapping[Name, Shown]) -> bytes:
    """Return the compressed form of the names of a shard."""
    stored: defaultdict[Shown, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for (name, origin), value in sorted(shown.items()):
        if value:
            stored[value][origin].append(name)
    return zlib.compress(msgspec.json.encode(stored), 9)


def unpacked(content: bytes) -> dict[Name, Shown]:
    """Return the names in a compressed form."""
    stored = _decoder.decode(zlib.decompress(content))
    return {
        (name, origin): value
        for value, origins in stored.items()
        for origin, names in origins.items()
        for name in names
    }


def _shards() -> list[NamesRow | None]:
    return _of(read_many(rows.KEYS))


def _of(found: Found) -> list[NamesRow | None]:
    return [found.get(key) for key in rows.KEYS]


def _position(shards: list[NamesRow | None]) -> int:
    return min(0 if row is None else int(row.position) for row in shards)


def _fold(shard: int, row: NamesRow | None, changes: Mapping[Name, Shown], upto: int) -> None:
    """Write the snapshot of a shard with the changes, unless another fold wrote it since it was read."""
    if row is not None and int(row.position) >= upto:
        return
    unchanged: Condition = NamesRow.pk.does_not_exist() if row is None else NamesRow.revision == row.revision
    actions = [NamesRow.position.set(upto), NamesRow.revision.set(new_id())]
    if changes or row is None:
        shown = {} if row is None else unpacked(row.content)
        actions.append(NamesRow.content.set(_fitting({**shown, **changes}, shard)))
    update_if(rows.names_key(shard), unchanged, actions)


def _fitting(shown: Mapping[Name, Shown], shard: int) -> bytes:
    """Return the compressed form of the names that fit into a snapshot.

    The shard of a name is a hash, so any account that may upload can choose names that fill one. If not all names fit,
    origins that use more than an equal share lose their longest ones.
    """
    sizes = {name: sum(map(len, name)) + OVERHEAD for name, value in shown.items() if value}
    most = UNPACKED_BYTES
    while True:
        kept = fair_share.fitting(sizes, most, owner=itemgetter(1))
        content = packed({name: shown[name] for name in kept})
        if len(content) <= SNAPSHOT_BYTES or not kept:
            break
        most = min(most - 1, int(most * SNAPSHOT_BYTES / len(content) * 0.95))
    if len(kept) < len(sizes):
        logs.logger().error("name shard is full", extra={"shard": shard, "left_out": len(sizes) - len(kept)})
    return content
