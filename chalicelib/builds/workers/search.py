"""The search for the waiting job whose turn it is (builds.md 15)."""

import random
import time
from collections.abc import Mapping

from msgspec import Struct

from chalicelib.builds import rows
from chalicelib.builds.rows import SlotRow, WaitingJobRow, WaitingOriginRow
from chalicelib.builds.workers import choice
from chalicelib.builds.workers.choice import Slots
from chalicelib.core.target import Target
from chalicelib.platform import table
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.config import config

ORIGINS_READ = 1_000
ORIGINS_ASKED = 40
"""Origins whose waiting jobs one search reads; the rest has its turn in the next search."""

HINT_SECONDS = 300
"""The row of an origin without waiting jobs is deleted at this age. The start of jobs leaves the row unchanged if it is
less than a minute old, so the row is much newer than this if a job is about to be written."""

Hints = Mapping[str, WaitingOriginRow | None]


class Waiting(Struct, frozen=True):
    """A waiting job and its origin, and the slots as they were read before it."""

    row: WaitingJobRow
    origin: str
    slots: Slots


def next_waiting(target: Target, origin: str | None, spread: int = 1) -> Waiting | None:
    """Return the waiting job whose turn it is, or None if no job may start. `origin`: of this origin only.

    It is the first job of the origin with the fewest running jobs; of several such origins, the one with the oldest
    job. With a spread over 1 it is any of the first jobs of that origin, so that parallel claims do not all try to get
    the same one. Three calls, and one more for each further origin of equal rank, 42 at most.
    """
    hints = _hints(target, origin)
    if not hints:
        return None
    slots = Slots.of(row.sk for row in table.rows(SlotRow, rows.slots_partition(target), keys_only=True))
    if len(slots.target) >= config.jobs_per_target:
        return None
    asked = 0
    for group in choice.in_turn(hints, slots, config.jobs_per_origin):
        candidates = {each: row for each in group if (row := _first(target, each, hints[each], spread)) is not None}
        if candidates:
            oldest = min(candidates, key=lambda each: candidates[each].sk)
            return Waiting(candidates[oldest], oldest, slots)
        asked += len(group)
        if asked >= ORIGINS_ASKED:
            break
    return None


def _hints(target: Target, origin: str | None) -> Hints:
    """Return the origins that may have waiting jobs, with their rows."""
    if origin is not None:
        return {origin: None}
    hints = table.rows(WaitingOriginRow, rows.waiting_origins_partition(target), limit=ORIGINS_READ)
    return {row.sk: row for row in hints}


def _first(target: Target, origin: str, hint: WaitingOriginRow | None, spread: int) -> WaitingJobRow | None:
    waiting = list(table.rows(WaitingJobRow, rows.waiting_partition(target, origin), limit=spread))
    if waiting:
        return random.choice(waiting)  # noqa: S311 - spreads parallel claims, and is not a secret
    if hint is not None and hint.noted_at < time.time() - HINT_SECONDS:
        _forget(target, origin, hint)
    return None


def _forget(target: Target, origin: str, hint: WaitingOriginRow) -> None:
    """Delete the row of an origin without waiting jobs, unless it has been written again."""
    unchanged = WaitingOriginRow.noted_at == int(hint.noted_at)
    try:
        with Change() as change:
            change.delete(rows.waiting_origin_key(target, origin), condition=unchanged)
    except Stale:
        return
