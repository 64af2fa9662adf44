"""When the workers that could build for an origin were last seen."""

import time
from collections.abc import Iterable
from contextlib import suppress

from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.core.target import Target
from chalicelib.identity import worker_rows
from chalicelib.identity.worker_rows import ALL_ORIGINS, SightingRow
from chalicelib.platform import retry_budget
from chalicelib.platform.change import update_if
from chalicelib.platform.table import StoreUnavailable

NOTED_EVERY = 60
KEPT_SECONDS = 86_400
CODES = 0
"""The id under which all one-time claim codes are noted."""

_noted: dict[tuple[str, Target, int], float] = {}
_MOST_NOTED = 1_000


def last_seen(target: Target, origin: str) -> float | None:
    """Return when a worker that builds a target for an origin was last seen, in seconds of the epoch. Two calls.

    Workers that get the jobs of all origins count too. None if no worker was seen within a day. At most a minute old.
    """
    moments = (float(row.seen_at) for scope in (origin, ALL_ORIGINS) for row in _recent(scope, target))
    return max(moments, default=None)


def _recent(origin: str, target: Target) -> Iterable[SightingRow]:
    oldest = time.time() - KEPT_SECONDS
    return (row for row in worker_rows.sightings_of(origin, target) if row.seen_at >= oldest)


def reference_of(worker: WorkerAccess) -> str:
    """Return the text that identifies a worker in the rows of its jobs: `origin/id`, or `/id` for all origins."""
    return f"{worker.origin or ALL_ORIGINS}/{CODES if worker.is_code else worker.id}"


def note(reference: str, target: Target) -> None:
    """Store that a worker was seen, at most once a minute. A failed write is ignored."""
    origin, _, worker_id = reference.partition("/")
    seen, moment = (origin, target, int(worker_id)), time.time()
    if _noted.get(seen, 0.0) > moment - NOTED_EVERY:
        return
    if len(_noted) >= _MOST_NOTED:
        _noted.clear()
    _noted[seen] = moment
    is_older = SightingRow.seen_at.does_not_exist() | (SightingRow.seen_at <= int(moment) - NOTED_EVERY)
    changed = [SightingRow.seen_at.set(int(moment)), SightingRow.expires_at.set(int(moment) + KEPT_SECONDS)]
    with suppress(StoreUnavailable), retry_budget.single_try():
        update_if(worker_rows.sighting_key(*seen), is_older, changed)
