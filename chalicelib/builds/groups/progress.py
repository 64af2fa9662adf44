"""The progress of a job group for people: what each project waits for, and why builds failed. An addition."""

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from chalicelib.builds import rows
from chalicelib.builds.groups import reads, waits
from chalicelib.builds.groups.waits import Wait
from chalicelib.builds.rows import EntryRow, GroupRow, JobRow
from chalicelib.catalog.origin_rows import has_made, origin_key
from chalicelib.core.builds.build_states import EntryState
from chalicelib.platform.table import read_many

PAGE = 500
NAMES = 20
"""Dependencies of one project that an answer names."""


class EntryProgress(Struct, frozen=True):
    """An entry, its job, and the names of the first dependencies that it waits for, with their number."""

    entry: EntryRow
    job: JobRow | None
    waiting_for: Sequence[str]
    waiting_number: int

    @property
    def origin(self) -> str:
        """The origin of the project."""
        return self.entry.name.partition("/")[0]

    @property
    def has_failed(self) -> bool:
        """Whether the job has ended with an error."""
        return self.job is not None and self.job.error_code is not None


class Progress(Struct, frozen=True):
    """A group: numbers of projects by state, reasons why it waits, and a page of its entries. `following` is None at
    the end.
    """

    group: GroupRow
    counts: Mapping[str, int]
    waits: Sequence[Wait]
    page: Sequence[EntryProgress]
    following: int | None


def progress_of(group: GroupRow, first: int) -> Progress:
    """Return the progress of a group with the entries from the nth on. One call per megabyte of entries, one per
    hundred jobs of the page, and a few for the reasons.
    """
    entries = reads.entries(group)
    counts = Counter(reads.shown_state(group, entry) for entry in entries)
    start = max(0, first)
    page = entries[start : start + PAGE]
    names = {entry.order: entry.name for entry in entries}
    jobs = _jobs(page)
    following = start + PAGE if start + PAGE < len(entries) else None
    shown = [_progress(entry, jobs.get(int(entry.job_id)), names) for entry in page]
    return Progress(group, counts, waits.waits_of(group, entries), shown, following)


def _jobs(page: Sequence[EntryRow]) -> dict[int, JobRow]:
    """Return the jobs of entries by id, without those of origins that were deleted since."""
    keys = {int(entry.job_id): rows.job_key(int(entry.job_id)) for entry in page if entry.job_id}
    origins = {entry.name.partition("/")[0] for entry in page if entry.job_id}
    found = read_many([*keys.values(), *map(origin_key, origins)])
    jobs = ((job_id, found.get(key)) for job_id, key in keys.items())
    return {job_id: job for job_id, job in jobs if job and has_made(found.get(origin_key(job.origin)), job_id)}


def _progress(entry: EntryRow, job: JobRow | None, names: Mapping[str, str]) -> EntryProgress:
    orders = sorted(entry.waiting or ()) if entry.entry_state is EntryState.WAITING else []
    return EntryProgress(entry, job, [names[order] for order in orders[:NAMES] if order in names], len(orders))
