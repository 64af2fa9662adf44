"""Jobs: one job, and the jobs of a project (builds.md 2.7, 3.2)."""

from collections.abc import Iterator

from msgspec import Struct

from chalicelib.builds.errors import JobMissing
from chalicelib.builds.jobs.errors import LogMissing
from chalicelib.builds.rows import (
    JobPointerRow,
    JobRow,
    job_count_key,
    job_key,
    job_pointer_key,
    project_jobs_partition,
)
from chalicelib.catalog import name_rows, package_rows
from chalicelib.catalog.origin_rows import has_made, origin_key
from chalicelib.catalog.project_rows import project_key
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.platform.table import read, read_many, rows

PAGE = 50


class Placements(Struct, frozen=True):
    """The channels of a built package, and the targets for which its ident exists."""

    channels: list[str]
    platforms: list[str]


class JobPage(Struct, frozen=True):
    """A page of the jobs of a project. `first` is the number of jobs on earlier pages, `total` that of all jobs."""

    first: int
    total: int
    jobs: list[JobRow]


def with_id(job_id: int) -> JobRow:
    """Return a job. Raises JobMissing."""
    job = read(job_key(job_id))
    if job is None:
        raise JobMissing
    return job


def of_living_origin(job_id: int) -> JobRow:
    """Return a job, unless its origin was deleted. Raises JobMissing."""
    job = with_id(job_id)
    if not has_made(read(origin_key(job.origin)), int(job.id)):
        raise JobMissing
    return job


def placements(job: JobRow) -> Placements | None:
    """Return where the package of a job is, or None if the job has no full ident."""
    if not job.ident:
        return None
    row = read(package_rows.ident_key(PackageIdent.parse(job.ident)))
    if row is None:
        return Placements([], [])
    standing = Standing.parse(row.standing)
    own = standing.placements.get(Target(job.target))
    return Placements(sorted(own.channels) if own is not None else [], sorted(standing.placements))


def of_project(origin: str, name: str, requested: int, caller: Caller) -> JobPage:
    """Return the page of a project's jobs that contains a row, newest first. Makes three calls.

    Jobs of a deleted origin of the same name count, and are not shown.
    """
    first = max(requested, 0) // PAGE * PAGE
    found = caller.read_with(job_count_key(origin, name), origin_key(origin))
    counts, row = found.get(job_count_key(origin, name)), found.get(origin_key(origin))
    total = 0 if counts is None else int(counts.jobs)
    return JobPage(first, total, [job for job in _jobs(origin, name, total - first) if has_made(row, int(job.id))])


def _jobs(origin: str, name: str, newest: int) -> Iterator[JobRow]:
    """Yield a page of jobs, from the one with the number `newest` backwards."""
    if newest < 1:
        return
    bounds = (job_pointer_key(origin, name, max(newest - PAGE + 1, 1)).sk, job_pointer_key(origin, name, newest).sk)
    pointers = rows(JobPointerRow, project_jobs_partition(origin, name), between=bounds, newest_first=True, limit=PAGE)
    keys = [job_key(int(row.job_id)) for row in pointers]
    found = read_many(keys)
    yield from (row for key in keys if (row := found.get(key)) is not None)


def log_visibility(job: JobRow) -> Visibility:
    """Return the visibility of a job's log, which is that in the settings of its package.

    Raises LogMissing if the project or the origin was deleted since, or the package has no settings.
    """
    project = project_key(job.origin, job.name, Target(job.target))
    settings = name_rows.settings_key(job.origin, job.name)
    origin = origin_key(job.origin)
    found = read_many([project, settings, origin])
    row = found.get(settings)
    if found.get(project) is None or row is None or not has_made(found.get(origin), int(job.id)):
        raise LogMissing
    return Visibility(row.visibility)
