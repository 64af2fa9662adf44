"""The index of all names of the depot, cached between requests. Strongly consistent.

A process reads the snapshots once, and then with each search the changes in the log since its last one.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib.catalog import name_log
from chalicelib.core.search.name_index import NameIndex
from chalicelib.packages.search import snapshots
from chalicelib.packages.search.snapshots import Reader
from chalicelib.platform.clock import first_id, now

RELOADED_AFTER = timedelta(minutes=30)
"""A process that was idle for longer reads the snapshots again. The log keeps all changes for longer than that."""

FOLDED_FROM = 512
"""A reader folds if the log has so many changes that a fold would take. Usually uploads fold."""


class _Cached(Struct, frozen=True):
    """An index that holds every change that was committed before `read_at`."""

    index: NameIndex
    read_at: datetime


_cache: list[_Cached] = []
"""Empty, or one element. 12,000 names take about 3 MB."""


def current(reader: Reader | None = None) -> NameIndex:
    """Return all names. The index holds every change that was answered before the call.

    One call, or two in a process that starts or was idle; `reader` makes the first of the two, if given. Raises
    StoreUnavailable.
    """
    cached, started = next(iter(_cache), None), now()
    if cached is None or started - cached.read_at > RELOADED_AFTER:
        snapshot = snapshots.read(reader)
        position, index = snapshot.position, NameIndex.of(snapshot.shown)
    else:
        position, index = first_id(cached.read_at - name_log.MARGIN), cached.index
    changes = list(name_log.changes_after(position))
    index = index.changed({(change.name, change.origin): change.shown for change in changes})
    _cache[:] = [_Cached(index, started)]
    if len(changes) >= FOLDED_FROM and changes[FOLDED_FROM - 1].id < name_log.position_now():
        snapshots.fold_if_possible()
    return index


def forget() -> None:
    """Drop the cached index, for tests."""
    _cache.clear()
