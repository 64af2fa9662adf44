"""Rows of worker credentials and of one-time claim codes, and when workers were last seen."""

from collections.abc import Iterator

from chalicelib.core.target import Target
from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import rows

WORKER, SEEN = "WORKER#", "SEEN#"
ALL_ORIGINS = ""
"""The origin of workers that get the jobs of all origins."""


class WorkerRow(Row):
    """The credential of a worker: its name, targets and fingerprint, not its text. `targets` are joined by commas.

    `origin_id` is 0 for a worker of all origins.
    """

    id = NumberAttribute()
    name = UnicodeAttribute()
    targets = UnicodeAttribute()
    origin_id = NumberAttribute(default=0)
    fingerprint = UnicodeAttribute()
    created_at = UnicodeAttribute()
    created_by = UnicodeAttribute()

    @property
    def origin(self) -> str:
        """The origin of the worker, or ALL_ORIGINS."""
        return self.pk.partition("#")[2]


class SightingRow(Row):
    """When a worker asked for a job of a target, or renewed the lease of one, to the minute (seconds of the epoch).

    `expires_at` (seconds) is the table's time to live.
    """

    seen_at = NumberAttribute()
    expires_at = NumberAttribute()


class ClaimCodeRow(Row):
    """A credential for the claim of one job. `expires_at` (seconds) is also the table's time to live.

    `job_id` is the claimed job, or 0.
    """

    target = UnicodeAttribute()
    fingerprint = UnicodeAttribute()
    expires_at = NumberAttribute()
    job_id = NumberAttribute(default=0)


def workers_partition(origin: str) -> str:
    """Partition of the workers of an origin, or of those of all origins."""
    return partition("WORKERS", origin)


def worker_key(origin: str, worker_id: int) -> Key[WorkerRow]:
    """Key of a worker."""
    return Key(WorkerRow, workers_partition(origin), f"{WORKER}{worker_id:019d}")


def sighting_key(origin: str, target: Target, worker_id: int) -> Key[SightingRow]:
    """Key of the last sighting of a worker with a target. All claim codes share the id 0."""
    return Key(SightingRow, workers_partition(origin), f"{SEEN}{target}#{worker_id:019d}")


def claim_code_key(code_id: int) -> Key[ClaimCodeRow]:
    """Key of a one-time claim code."""
    return Key(ClaimCodeRow, partition("CLAIM-CODE", str(code_id)), "CODE")


def workers_of(origin: str) -> Iterator[WorkerRow]:
    """The workers of an origin, oldest first."""
    return rows(WorkerRow, workers_partition(origin), begins=WORKER)


def sightings_of(origin: str, target: Target | None = None) -> Iterator[SightingRow]:
    """The sightings of the workers of an origin, of one target or of all targets."""
    return rows(SightingRow, workers_partition(origin), begins=SEEN if target is None else f"{SEEN}{target}#")
