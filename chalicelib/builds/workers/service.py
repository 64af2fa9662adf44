"""The credentials of workers: made, listed and revoked by the administrators of an origin, or by the operator."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct

from chalicelib.builds import rows
from chalicelib.builds.rows import ORIGIN_SLOT, OWN_SLOT, SlotRow
from chalicelib.builds.workers.errors import WorkerInvalid, WorkerMissing
from chalicelib.catalog import audit_rows, job_token_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key
from chalicelib.core.plain_text import is_plain
from chalicelib.core.session import Session
from chalicelib.core.target import Target, TargetUnknown
from chalicelib.core.tokens import build_token
from chalicelib.core.tokens.build_token import SECRET_BYTES, BuildTokenReference, Mark
from chalicelib.identity import worker_rows
from chalicelib.identity.worker_rows import ALL_ORIGINS, WorkerRow
from chalicelib.platform import table
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.config import config
from chalicelib.platform.table import read_many

LONGEST_NAME = 100
LOCAL = "local"


class NewWorker(Struct, frozen=True):
    """The values of a worker to create."""

    name: str
    targets: tuple[Target, ...]

    @classmethod
    def checked(cls, name: str, targets: Sequence[str]) -> "NewWorker":
        """Return validated values. Raises WorkerInvalid."""
        if not name.strip() or len(name) > LONGEST_NAME or not is_plain(name):
            raise WorkerInvalid(f"`name` must be 1 to {LONGEST_NAME} printable characters")
        try:
            parsed = {Target.parse(each) for each in targets}
        except TargetUnknown as problem:
            raise WorkerInvalid(str(problem)) from problem
        if not parsed or not parsed <= set(config.build_targets):
            raise WorkerInvalid(f"`targets` must be some of {', '.join(config.build_targets)}")
        return cls(name, tuple(sorted(parsed)))


class Listed(Struct, frozen=True):
    """A worker with the time when it was last seen, in seconds of the epoch, and the jobs that it holds."""

    row: WorkerRow
    last_seen: float | None
    jobs: list[int]


def make(origin: str, new: NewWorker, by: Session) -> tuple[WorkerRow, str]:
    """Create a worker of an origin, and return its row and its token, which is not stored.

    Raises OriginMissing, TooManyInOrigin.
    """
    origin_id = 0 if by.permission is None else by.permission.origin_id or 0
    row, token = _row(origin, origin_id, new, by.name)
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        change.add(row)
        origin_rows.add_limited(change, origin, "workers")
        audit_rows.record(change, AuditAction.WORKER_CREATE, by, origin=origin, target=f"{row.id} {new.name}")
    return row, token


def make_for_all_origins(new: NewWorker) -> tuple[WorkerRow, str]:
    """Create a worker that gets the jobs of all origins, and return its row and its token. Only for the operator."""
    row, token = _row(ALL_ORIGINS, 0, new, "operator")
    with Change() as change:
        change.add(row)
    return row, token


def ensure_depot_worker() -> str:
    """Return the token of a new worker `local` for all origins and targets, which replaces an earlier one."""
    for row in list(worker_rows.workers_of(ALL_ORIGINS)):
        if row.name == LOCAL:
            revoke_for_all_origins(int(row.id))
    return make_for_all_origins(NewWorker(LOCAL, tuple(config.build_targets)))[1]


def listed(origin: str) -> list[Listed]:
    """Return the workers of an origin, oldest first. One call for each target that is built, and two more."""
    seen: dict[int, float] = {}
    for sighting in worker_rows.sightings_of(origin):
        worker_id = int(sighting.sk.rpartition("#")[2])
        seen[worker_id] = max(seen.get(worker_id, 0.0), float(sighting.seen_at))
    held: dict[str, list[int]] = {}
    for slot in _slots(origin):
        held.setdefault(slot.worker_id, []).append(int(slot.job_id))
    return [
        Listed(row, seen.get(int(row.id)), sorted(held.get(f"{origin}/{int(row.id)}", [])))
        for row in worker_rows.workers_of(origin)
    ]


def revoke(origin: str, worker_id: int, by: Session) -> None:
    """Delete a worker of an origin, and end the tokens of the jobs that it holds. Raises WorkerMissing, OriginMissing.

    The token is invalid at once. Another worker gets the jobs when their leases have expired. After an interruption
    between the two steps, a repeat does the second one.
    """
    key = worker_rows.worker_key(origin, worker_id)
    with _ending_jobs(origin, worker_id), Change() as change:
        origin_rows.require(change, origin, by.permission)
        change.delete(key, WorkerRow.pk.exists(), otherwise=WorkerMissing())
        change.update(origin_count_key(origin), [OriginCountRow.workers.add(-1)])
        audit_rows.record(change, AuditAction.WORKER_DELETE, by, origin=origin, target=str(worker_id))


def revoke_for_all_origins(worker_id: int) -> None:
    """Delete a worker that gets the jobs of all origins, as `revoke` does. Raises WorkerMissing."""
    key = worker_rows.worker_key(ALL_ORIGINS, worker_id)
    with _ending_jobs(ALL_ORIGINS, worker_id), Change() as change:
        change.delete(key, WorkerRow.pk.exists(), otherwise=WorkerMissing())


@contextmanager
def _ending_jobs(origin: str, worker_id: int) -> Iterator[None]:
    """End the tokens of a worker's jobs after the block has deleted the worker, or found that it does not exist."""
    missing: WorkerMissing | None = None
    try:
        yield
    except WorkerMissing as problem:
        missing = problem
    slots = _slots(origin) if origin else _all_slots()
    _end_jobs([slot for slot in slots if slot.worker_id == f"{origin}/{worker_id}"])
    table.delete_many([worker_rows.sighting_key(origin, target, worker_id) for target in Target])
    if missing is not None:
        raise missing


def _row(origin: str, origin_id: int, new: NewWorker, by: str) -> tuple[WorkerRow, str]:
    moment = now()
    worker_id = new_id(moment)
    reference = BuildTokenReference(Mark.WORKER, worker_id, origin=origin)
    token = build_token.issue(reference, secrets.token_bytes(SECRET_BYTES))
    key = worker_rows.worker_key(origin, worker_id)
    row = WorkerRow(
        key.pk,
        key.sk,
        id=worker_id,
        name=new.name,
        targets=",".join(new.targets),
        origin_id=origin_id,
        fingerprint=build_token.fingerprint(token),
        created_at=timestamp(moment),
        created_by=by,
    )
    return row, token


def _slots(origin: str) -> Iterator[SlotRow]:
    for target in config.build_targets:
        yield from table.rows(SlotRow, rows.slots_partition(target), begins=f"{OWN_SLOT}{origin}#")


def _all_slots() -> Iterator[SlotRow]:
    for target in config.build_targets:
        yield from table.rows(SlotRow, rows.slots_partition(target), begins=ORIGIN_SLOT)


def _end_jobs(slots: Sequence[SlotRow]) -> None:
    """End the tokens of the attempts that occupy some slots."""
    keys = [rows.job_key(int(slot.job_id)) for slot in slots]
    found = read_many(keys)
    jobs = [job for key in keys if (job := found.get(key)) is not None]
    table.delete_many([job_token_rows.job_token_key(int(job.id), int(job.attempt)) for job in jobs])
