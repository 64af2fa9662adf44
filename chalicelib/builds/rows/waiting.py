"""Rows of jobs that wait for a worker, and of the origins that have some."""

from chalicelib.builds.rows.jobs import JobRow
from chalicelib.core.target import Target
from chalicelib.platform.attributes import NumberAttribute
from chalicelib.platform.row import Key, Row, partition


class WaitingJobRow(Row):
    """A job that waits for a worker. The sort key orders the jobs of an origin: oldest group first, then by weight."""

    job_id = NumberAttribute()


class WaitingOriginRow(Row):
    """An origin that has, or had, waiting jobs for a target. `noted_at` is in seconds of the epoch.

    The row is written before the jobs, and deleted only when it is old and the origin has no waiting job.
    """

    noted_at = NumberAttribute()


def waiting_partition(target: Target, origin: str) -> str:
    """Partition of the waiting jobs of an origin for a target, in the order in which workers take them."""
    return partition("WAITING", target, origin)


HEAVIEST = 99_999_999


def waiting_key(job: JobRow) -> Key[WaitingJobRow]:
    """Key of a waiting job."""
    order = f"{int(job.group_id):019d}#{HEAVIEST - min(int(job.weight), HEAVIEST):08d}#{int(job.id):019d}"
    return Key(WaitingJobRow, waiting_partition(Target(job.target), job.origin), order)


def waiting_origins_partition(target: Target) -> str:
    """Partition of the origins that may have waiting jobs for a target."""
    return partition("WAITING-ORIGINS", target)


def waiting_origin_key(target: Target, origin: str) -> Key[WaitingOriginRow]:
    """Key of an origin among those that may have waiting jobs."""
    return Key(WaitingOriginRow, waiting_origins_partition(target), origin)
