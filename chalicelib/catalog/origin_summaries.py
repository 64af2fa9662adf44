"""Summaries of all origins, exact for every reader, although no two transactions write the same row.

A transaction that writes or deletes the row of an origin, or adds settings of a package, inserts a row into a log. A
fold moves the log into the summaries. A reader reads the log first, then the summaries, and adds the changes that they
do not include, as for counted lists (`lists/`): the summaries keep the ids of included changes for KEPT, and a change
leaves the log only within DELETED_WITHIN after it was included.

Numbers of settings are sums, so the order of changes does not matter. Of the row of an origin the log says only that it
has changed. A fold, or a reader that finds this in the log, reads the row after the log, so it finds this change or a
later one, which is in the log, too.

A process keeps the summaries. The small heads say whether they have changed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.catalog import origin_rows, summary_rows
from chalicelib.catalog.summary_rows import SHARDS, SummariesHeadRow, SummariesRow, Summary, SummaryChangeRow
from chalicelib.core.lists.included_changes import IncludedChanges
from chalicelib.platform import clock
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.failures import optional_work
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found, StoreUnavailable, delete_many, read_many, rows

SETTLED = timedelta(milliseconds=500)
DELETED_WITHIN = timedelta(seconds=5)
READ_WITHIN = timedelta(seconds=5)
KEPT = timedelta(seconds=30)
ATTEMPTS = 3
CHANGES_AT_ONCE = 500
FOLDED_EVERY = 64
LONG_LOG = 128

Reader = Callable[..., Found]
"""Reads the rows of some keys: `Caller.read_with` reads those that prove the caller with them."""


class _Shard(Struct, frozen=True):
    number: int
    version: int
    summaries: summary_rows.Summaries
    """Kept by the process: not to be changed."""
    included: IncludedChanges


class OriginSummaries(Struct, frozen=True):
    """All summaries at one moment: what is stored, and the changes that are not included."""

    shards: Sequence[_Shard]
    missing: Sequence[SummaryChangeRow]

    def of(self, names: Sequence[str]) -> dict[str, Summary]:
        """Return the summaries of those of some origins that exist. One call if the row of one has changed lately."""
        stored = {name: self.shards[summary_rows.shard_of(name)].summaries.get(name, Summary()) for name in names}
        current = _changed(stored, [row for row in self.missing if row.origin in stored])
        return {name: summary for name, summary in current.items() if summary.exists}


_cache: dict[int, tuple[int, summary_rows.Summaries]] = {}
"""The version and the summaries of each shard."""


def note_settings(change: Change, origin: str, added: int) -> None:
    """Add to a change that settings of packages are added, or removed if negative."""
    _note(change, origin, added)


def note_origin(change: Change, origin: str) -> None:
    """Add to a change that it writes or deletes the row of an origin."""
    _note(change, origin, 0)


def change_row(origin: str, settings: int) -> SummaryChangeRow:
    """Return a new row of the log."""
    key = summary_rows.change_key(clock.new_id())
    return SummaryChangeRow(key.pk, key.sk, origin=origin, settings=settings)


def read_keys(*keys: Key[Any]) -> Found:
    """Return the rows of some keys."""
    return read_many(keys)


def current(reader: Reader = read_keys) -> OriginSummaries:
    """Return the summaries of all origins. Two calls, of which `reader` makes the second. Raises StoreUnavailable."""
    for _ in range(ATTEMPTS):
        began = clock.now()
        log = list(rows(SummaryChangeRow, summary_rows.LOG, newest_first=True))
        stored = _read(reader)
        if clock.now() - began <= READ_WITHIN:
            if len(log) > LONG_LOG:
                fold_if_possible()
            return _with_log(stored, log)
    raise StoreUnavailable


def fold() -> None:
    """Move the oldest changes of the log into the summaries. Safe to repeat. Raises StoreUnavailable."""
    began = clock.now()
    newest = clock.new_id(began - SETTLED)
    between = (summary_rows.change_sort_key(0), summary_rows.change_sort_key(newest))
    log = list(rows(SummaryChangeRow, summary_rows.LOG, between=between, limit=CHANGES_AT_ONCE))
    if not log:
        return
    stored = _read(read_keys)
    if clock.now() - began > READ_WITHIN:
        return
    complete_to = newest if len(log) < CHANGES_AT_ONCE else log[-1].id
    removed: list[int] = []
    for number in sorted({summary_rows.shard_of(row.origin) for row in log}):
        changes = [row for row in log if summary_rows.shard_of(row.origin) == number]
        removed += _fold_shard(stored[number], changes, complete_to)
    delete_many([summary_rows.change_key(identifier) for identifier in removed])


def fold_if_possible() -> None:
    """Fold in a single attempt. A failure must not fail the request, which has committed or read already."""
    with optional_work():
        fold()


def _note(change: Change, origin: str, settings: int) -> None:
    row = change_row(origin, settings)
    change.add(row)
    if row.id % FOLDED_EVERY == 0:
        change.then(fold_if_possible)


def _read(reader: Reader) -> list[_Shard]:
    """Return all shards. One call, and another if the process has earlier versions of some."""
    keys = {number: summary_rows.head_key(number) for number in range(SHARDS)}
    found = reader(*keys.values(), *(summary_rows.summaries_key(number) for number in keys if number not in _cache))
    _keep(found)
    heads = {number: found.get(key) for number, key in keys.items()}
    for _ in range(ATTEMPTS):
        shards = [_kept(number, head) for number, head in heads.items()]
        unknown = [number for number, shard in enumerate(shards) if shard is None]
        if not unknown:
            return [shard for shard in shards if shard is not None]
        found = read_many(
            [key(number) for number in unknown for key in (summary_rows.summaries_key, summary_rows.head_key)]
        )
        _keep(found)
        heads.update((number, found.get(keys[number])) for number in unknown)
    raise StoreUnavailable


def _keep(found: Found) -> None:
    for number in range(SHARDS):
        row = found.get(summary_rows.summaries_key(number))
        if row is not None:
            _cache[number] = (int(row.version), summary_rows.unpacked(row.content))


def _kept(number: int, head: SummariesHeadRow | None) -> _Shard | None:
    """Return a shard in the version of its head, or None if the process does not have it."""
    if head is None:
        return _Shard(number, 0, {}, IncludedChanges())
    version, summaries = _cache.get(number, (0, {}))
    if version != int(head.version):
        return None
    return _Shard(number, version, summaries, IncludedChanges.unpacked(head.included))


def _with_log(shards: Sequence[_Shard], log: Iterable[SummaryChangeRow]) -> OriginSummaries:
    missing = [row for row in log if row.id not in shards[summary_rows.shard_of(row.origin)].included]
    return OriginSummaries(shards, missing)


def _changed(stored: Mapping[str, Summary], changes: Sequence[SummaryChangeRow]) -> summary_rows.Summaries:
    """Return summaries after some changes. Reads the rows of origins that have changed."""
    summaries = dict(stored)
    for row in changes:
        summary = summaries.get(row.origin, Summary())
        summaries[row.origin] = replace(summary, settings=summary.settings + int(row.settings))
    touched = sorted({row.origin for row in changes if not int(row.settings)})
    summaries.update(_with_rows(summaries, touched))
    return summaries


def _with_rows(stored: Mapping[str, Summary], origins: Sequence[str]) -> summary_rows.Summaries:
    """Return the summaries of origins with what their rows say now. One call per hundred."""
    if not origins:
        return {}
    keys = {origin: origin_rows.origin_key(origin) for origin in origins}
    found = read_many(list(keys.values()))
    result = {}
    for origin, key in keys.items():
        row, settings = found.get(key), stored.get(origin, Summary()).settings
        result[origin] = Summary(settings=settings)
        if row is not None:
            result[origin] = Summary(int(row.owner_id), row.created_at, row.default_package_visibility, settings)
    return result


def _fold_shard(shard: _Shard, changes: Sequence[SummaryChangeRow], complete_to: int) -> list[int]:
    """Include changes in a shard. Return the ids of those that may leave the log."""
    moment, included = clock.now(), shard.included
    missing = [row for row in changes if row.id not in included]
    old = [row.id for row in changes if row.id in included and _is_old(included.time_of(row.id), moment)]
    if missing or old:
        summaries = _changed(shard.summaries, missing)
        included.add([*(row.id for row in missing), *old], moment)
        included.forget(moment - KEPT, complete_to, {row.id for row in changes})
        if not _write(shard, summaries):
            return []
    oldest = clock.now() - DELETED_WITHIN
    return [row.id for row in changes if included.time_of(row.id) > oldest]


def _is_old(time: datetime, moment: datetime) -> bool:
    return moment - time > DELETED_WITHIN / 2


def _write(shard: _Shard, summaries: summary_rows.Summaries) -> bool:
    """Write a shard with new summaries, unless another fold has written it."""
    head, key = summary_rows.head_key(shard.number), summary_rows.summaries_key(shard.number)
    kept = {name: each for name, each in summaries.items() if each.exists or each.settings}
    version, content = clock.new_id(), summary_rows.packed(kept)
    unchanged: Condition = SummariesHeadRow.pk.does_not_exist()
    if shard.version:
        unchanged = SummariesHeadRow.version == shard.version
    try:
        with Change() as change:
            change.put(SummariesHeadRow(head.pk, head.sk, version=version, included=shard.included.packed()), unchanged)
            change.put(SummariesRow(key.pk, key.sk, version=version, content=content))
    except Stale:
        return False
    _cache[shard.number] = (version, kept)
    return True
