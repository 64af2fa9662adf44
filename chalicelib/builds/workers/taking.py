"""The transaction that hands a waiting job to a worker."""

import time
from typing import Any

from msgspec import Struct

from chalicelib.builds import rows
from chalicelib.builds.engine import settling
from chalicelib.builds.engine.settling import Cause
from chalicelib.builds.rows import JobRow, SlotRow, WaitingJobRow
from chalicelib.builds.workers import choice, claim_codes, presence, tokens
from chalicelib.builds.workers.errors import ClaimRefused
from chalicelib.builds.workers.rows import ClaimRow, claim_key
from chalicelib.builds.workers.search import Waiting
from chalicelib.catalog.job_token_rows import JobTokenRow
from chalicelib.catalog.origin_rows import has_made, origin_key
from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.core.builds.build_states import JobState
from chalicelib.core.target import Target
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.config import config
from chalicelib.platform.row import Key
from chalicelib.platform.table import read_many


class Claim(Struct, frozen=True):
    """A worker that asks for a job of a target. `hash` is that of the claim's id, `name` the name of the process."""

    worker: WorkerAccess
    target: Target
    hash: str
    name: str


class ClaimTaken(Exception):
    """Another request with the same claim got a job meanwhile."""


def take(claim: Claim, before: ClaimRow | None, waiting: Waiting) -> JobRow:
    """Hand a waiting job to the worker, and return its row. `before` is the row of the claim as it was read.

    The row of the worker is not a condition, because all processes with one credential would meet on it: the answer to
    the claim checks that it exists (bundle.py).

    Raises Stale if the job or a slot was taken meanwhile, ClaimTaken and ClaimRefused.
    """
    job, origin_id = _read(waiting)
    if claim.worker.origin is not None and claim.worker.origin_id != origin_id:
        raise ClaimRefused("The origin of the worker was deleted")
    slots = _free_slots(claim, waiting)
    token_row = tokens.make(job, int(job.attempt), origin_id)
    worker = presence.reference_of(claim.worker)
    changed = {
        "state": str(JobState.DISPATCHED),
        "updated_at": timestamp(now()),
        "worker_id": worker,
        "worker": claim.name,
        "claim": claim.hash,
        "claimed_at": timestamp(now()),
        "lease_until": int(time.time()) + config.lease_seconds,
        "log_base": int(job.log_lines),
        **{attribute: key.sk for attribute, key in slots.items()},
    }
    with Change(may_choose_others=True) as change:
        if claim.worker.is_code:
            claim_codes.bind(change, claim.worker.id, int(job.id), int(token_row.expires_at))
        change.delete(Key(WaitingJobRow, waiting.row.pk, waiting.row.sk), condition=WaitingJobRow.pk.exists())
        change.put(_claim_row(claim, job, token_row), _is_unchanged(before), otherwise=ClaimTaken())
        change.put(token_row)
        for key in slots.values():
            change.add(SlotRow(key.pk, key.sk, job_id=int(job.id), origin=job.origin, worker_id=worker))
        _dispatch(change, job, changed)
    for name, value in changed.items():
        setattr(job, name, value)
    return job


def _read(waiting: Waiting) -> tuple[JobRow, int]:
    """Return a waiting job, and the id of its origin. Raises Stale if it does not wait any more or cannot be built."""
    job_key, key = rows.job_key(int(waiting.row.job_id)), Key(WaitingJobRow, waiting.row.pk, waiting.row.sk)
    job_origin = origin_key(waiting.origin)
    found = read_many([job_key, key, job_origin])
    job, origin = found.get(job_key), found.get(job_origin)
    if job is None or job.job_state is not JobState.PENDING:
        if found.get(key) is not None:
            _remove_leftover(key, job)
        raise Stale
    if origin is None or not has_made(origin, int(job.id)):
        # The build must not get the secrets of a new origin of that name, and the job would wait in front of others.
        settling.settle_in_request(job, Cause.NEVER_CLAIMED)
        raise Stale
    return job, int(origin.id)


def _remove_leftover(key: Key[WaitingJobRow], job: JobRow | None) -> None:
    """Delete a waiting row whose job does not wait, which would otherwise be found first every time."""
    with Change() as change:
        change.delete(key)
        if job is not None:
            unchanged = (JobRow.state == job.state) & (JobRow.attempt == int(job.attempt))
            change.check(rows.job_key(int(job.id)), unchanged)


def _free_slots(claim: Claim, waiting: Waiting) -> dict[str, Key[SlotRow]]:
    """Return free slots for the job, by the attributes of its row that name them. Raises Stale if there are none."""
    of_origin = choice.free_number(waiting.slots.of_origin(waiting.origin), config.jobs_per_origin)
    of_target = choice.free_number(waiting.slots.target, config.jobs_per_target)
    if of_origin is None or of_target is None:
        raise Stale
    if claim.worker.origin is not None:
        return {"origin_slot": rows.own_slot_key(claim.target, waiting.origin, of_origin)}
    return {
        "origin_slot": rows.origin_slot_key(claim.target, waiting.origin, of_origin),
        "target_slot": rows.target_slot_key(claim.target, of_target),
    }


def _claim_row(claim: Claim, job: JobRow, token_row: JobTokenRow) -> ClaimRow:
    key = claim_key(claim.hash)
    return ClaimRow(key.pk, key.sk, job_id=int(job.id), attempt=int(job.attempt), expires_at=int(token_row.expires_at))


def _is_unchanged(before: ClaimRow | None) -> Condition:
    if before is None:
        return ClaimRow.pk.does_not_exist()
    condition: Condition = (ClaimRow.job_id == int(before.job_id)) & (ClaimRow.attempt == int(before.attempt))
    return condition


def _dispatch(change: Change, job: JobRow, changed: dict[str, Any]) -> None:
    sets = [getattr(JobRow, name).set(value) for name, value in changed.items()]
    change.update(
        rows.job_key(int(job.id)),
        [*sets, JobRow.task_token.remove(), JobRow.result.remove()],
        condition=(JobRow.state == str(JobState.PENDING)) & (JobRow.attempt == int(job.attempt)),
    )
