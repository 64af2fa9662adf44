"""The search for the waiting job whose turn it is (builds.md 15)."""

import random
import time
from collections.abc import Iterator, Mapping

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
"""Number of origins that one search reads. If more have waiting jobs, the next search of the process continues where
this one stopped, so many origins of one account cannot hide the jobs of another.
"""

ORIGINS_ASKED = 40
"""Number of origins whose waiting jobs one search reads. The next search reads those of the others."""

HINT_SECONDS = 300
"""Age at which the row of an origin without waiting jobs is deleted. The start of jobs rewrites a row that is older
than a minute, so a row of this age belongs to no job that is about to be written.
"""

EMPTY_SECONDS = 60
"""How long an origin without a waiting job comes after all others. Such origins have the fewest running jobs, so
without this rule one search would read only them.
"""

Hints = Mapping[str, WaitingOriginRow | None]

_continue_after: dict[Target, str] = {}
_found_empty: dict[tuple[Target, str], float] = {}
_MOST_EMPTY = 10_000

clock = time.monotonic


class Waiting(Struct, frozen=True):
    """A waiting job and its origin, and the slots as they were read before it."""

    row: WaitingJobRow
    origin: str
    slots: Slots


class NoJob(Struct, frozen=True):
    """No job may start now. `is_busy`: jobs run, whose end may let others start."""

    is_busy: bool


def next_waiting(target: Target, origin: str | None, spread: int = 1) -> Waiting | NoJob:
    """Return the waiting job whose turn it is. `origin`: of this origin only.

    It is the first job of the origin with the fewest running jobs; of several such origins, the one with the oldest
    job. With a spread over 1 it is any of the first jobs of that origin, so that parallel claims do not all try to get
    the same one. Three calls, and one more for each further origin of equal rank, 42 at most.
    """
    hints = _hints(target, origin)
    if not hints:
        return NoJob(is_busy=False)
    slots = _slots_for_all(target) if origin is None else _own_slots(target, origin)
    if len(slots.target) >= config.jobs_per_target:
        return NoJob(is_busy=True)
    asked = 0
    for group in _groups(target, hints, slots):
        candidates = {each: row for each in group if (row := _first(target, each, hints[each], spread)) is not None}
        if candidates:
            oldest = min(candidates, key=lambda each: candidates[each].sk)
            return Waiting(candidates[oldest], oldest, slots)
        asked += len(group)
        if asked >= ORIGINS_ASKED:
            break
    return NoJob(is_busy=bool(slots.by_origin))


def _hints(target: Target, origin: str | None) -> Hints:
    """Return the origins that may have waiting jobs, with their rows."""
    if origin is not None:
        return {origin: None}
    start = _continue_after.pop(target, None)
    hints = {row.sk: row for row in _noted(target, start, ORIGINS_READ)}
    if len(hints) == ORIGINS_READ:
        _continue_after[target] = max(hints)
    elif start is not None:
        hints |= {row.sk: row for row in _noted(target, None, ORIGINS_READ - len(hints))}
    return hints


def _noted(target: Target, after: str | None, limit: int) -> Iterator[WaitingOriginRow]:
    return table.rows(WaitingOriginRow, rows.waiting_origins_partition(target), after=after, limit=limit)


def _groups(target: Target, hints: Hints, slots: Slots) -> Iterator[list[str]]:
    """Yield the origins in the order of their turns; those without a waiting job in the last search come last."""
    oldest = clock() - EMPTY_SECONDS
    empty = {origin for origin in hints if _found_empty.get((target, origin), oldest) > oldest}
    yield from choice.in_turn((origin for origin in hints if origin not in empty), slots, config.jobs_per_origin)
    yield from choice.in_turn(empty, slots, config.jobs_per_origin)


def _note_empty(target: Target, origin: str) -> None:
    if len(_found_empty) >= _MOST_EMPTY:
        _found_empty.clear()
    _found_empty[target, origin] = clock()


def _slots_for_all(target: Target) -> Slots:
    """Return the slots of the workers that get the jobs of all origins."""
    between = (rows.ORIGIN_SLOT, rows.TARGET_SLOT + "~")
    found = table.rows(SlotRow, rows.slots_partition(target), between=between, keys_only=True)
    return Slots.of(row.sk for row in found)


def _own_slots(target: Target, origin: str) -> Slots:
    """Return the slots of the workers of an origin."""
    found = table.rows(SlotRow, rows.slots_partition(target), begins=f"{rows.OWN_SLOT}{origin}#", keys_only=True)
    return Slots.of(row.sk for row in found)


def _first(target: Target, origin: str, hint: WaitingOriginRow | None, spread: int) -> WaitingJobRow | None:
    waiting = list(table.rows(WaitingJobRow, rows.waiting_partition(target, origin), limit=spread))
    if waiting:
        _found_empty.pop((target, origin), None)
        return random.choice(waiting)  # noqa: S311 - spreads parallel claims, and is not a secret
    _note_empty(target, origin)
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
