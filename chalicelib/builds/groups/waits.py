"""Why a job group waits: behind another group, at a limit, or for a worker."""

import time
from collections.abc import Iterable, Iterator

from msgspec import Struct

from chalicelib.builds import rows
from chalicelib.builds.rows import EntryRow, GroupRow, SlotRow, WaitingJobRow
from chalicelib.builds.workers import presence
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.core.target import Target
from chalicelib.platform.config import config
from chalicelib.platform.table import count, read
from chalicelib.platform.table import rows as rows_of

ORIGINS_EXAMINED = 10
"""The jobs of a group may be in many origins; the reasons of the first ones are enough."""

SILENT_SECONDS = 120
"""A worker that was not seen for so long does not take jobs."""


class Wait(Struct, frozen=True):
    """A reason why a group waits: a word for programs and a sentence for people."""

    reason: str
    text: str


def waits_of(group: GroupRow, entries: Iterable[EntryRow]) -> list[Wait]:
    """Return the reasons why jobs of a group do not run. A few calls per origin with waiting jobs."""
    if group.group_state.is_final:
        return []
    if not group.is_ready:
        return [Wait("preparing", "The projects of the group are being written.")]
    if group.group_state is GroupState.QUEUED:
        return list(_turn(group))
    running = (entry for entry in entries if entry.entry_state is EntryState.RUNNING)
    origins = dict.fromkeys(entry.name.partition("/")[0] for entry in running)
    return [wait for origin in list(origins)[:ORIGINS_EXAMINED] for wait in _waits_in(group, origin)]


def _turn(group: GroupRow) -> Iterator[Wait]:
    guard = read(rows.active_key(group.root, Target(group.target)))
    if guard is None:
        yield Wait("turn", "The group is about to start.")
    else:
        text = f"The group {int(guard.group_id)} builds '{group.root}' for {group.target} at the moment."
        yield Wait("behind_group", text)


def _waits_in(group: GroupRow, origin: str) -> Iterator[Wait]:
    """Yield why jobs of a group wait in an origin; nothing if none waits.

    If no other reason is found, the workers are busy with other jobs.
    """
    target = Target(group.target)
    waiting = rows.waiting_partition(target, origin)
    own = f"{int(group.id):019d}#"
    if next(rows_of(WaitingJobRow, waiting, begins=own, limit=1, page=1), None) is None:
        return
    reasons = [*_worker(target, origin), *_limits(target, origin), *_order(waiting, own, origin)]
    yield from reasons or [Wait("no_free_worker", f"Jobs in '{origin}' wait for a free worker that builds {target}.")]


def _limits(target: Target, origin: str) -> Iterator[Wait]:
    slots = rows.slots_partition(target)
    if count(SlotRow, slots, begins=f"{rows.ORIGIN_SLOT}{origin}#") >= config.jobs_per_origin:
        most = config.jobs_per_origin
        yield Wait("origin_limit", f"The running jobs of '{origin}' for {target} have reached their limit, {most}.")
    if count(SlotRow, slots, begins=rows.TARGET_SLOT) >= config.jobs_per_target:
        most = config.jobs_per_target
        yield Wait("target_limit", f"The running jobs of this service for {target} have reached their limit, {most}.")


def _order(waiting: str, own: str, origin: str) -> Iterator[Wait]:
    first = next(rows_of(WaitingJobRow, waiting, limit=1, page=1), None)
    if first is not None and not first.sk.startswith(own):
        yield Wait("older_jobs", f"Jobs of the group {int(first.sk.partition('#')[0])} in '{origin}' come first.")


def _worker(target: Target, origin: str) -> Iterator[Wait]:
    seen = presence.last_seen(target, origin)
    if seen is None:
        yield Wait("no_worker", f"No worker that builds {target} for '{origin}' was ever seen.")
        return
    silent = int(time.time() - seen)
    if silent > SILENT_SECONDS:
        yield Wait("no_worker", f"No worker that builds {target} for '{origin}' was seen for {silent // 60} minutes.")
