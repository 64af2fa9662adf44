"""Logs of jobs: workers append lines, clients read them while they arrive and after they were archived (builds.md 3.3).

A live log is in rows, an archived one in an object with an index, so that a part is read without the rest.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.json import decode

from chalicelib.builds.jobs.errors import ChunkMisplaced, ChunkRefused, LogMissing
from chalicelib.builds.jobs.rows import FIRST_LINE, LAST_LINE, LogChunkRow, chunk_key, index_key, log_partition, packed
from chalicelib.builds.rows import ATTEMPTS, JobRow, job_key
from chalicelib.core.builds import job_log
from chalicelib.core.builds.build_states import HELD_STATES
from chalicelib.core.builds.job_log import Position
from chalicelib.identity.errors import AttemptOver
from chalicelib.platform import logs, object_store, waiting
from chalicelib.platform.change import Change, Stale, retry_when_stale
from chalicelib.platform.config import config
from chalicelib.platform.object_store import ObjectStoreFailed, Stream
from chalicelib.platform.table import read, rows

MOST_LINES = job_log.LOG_LINES + ATTEMPTS * job_log.MORE_LINES
MOST_BYTES = job_log.LOG_BYTES + ATTEMPTS * job_log.MORE_BYTES
DAY = 86_400
READ_BYTES = 6_000_000
"""How much of an archived log is read for one answer."""

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 1.0
SETTLED_SECONDS = 600
"""A log that was not archived so long after the end of its job is complete all the same."""


class LogPart(Struct, frozen=True):
    """A part of a log. `stop` is the number of the line after the last one."""

    start: int
    stop: int
    content: list[str]
    is_complete: bool


def append(job_id: int, attempt: int, first: int, lines: list[str]) -> None:
    """Store lines of an attempt's log; `first` is the number of the first one, from 0 within the attempt.

    Lines that are stored already are ignored. Raises ChunkRefused, ChunkMisplaced, AttemptOver.
    """
    if not job_log.is_chunk(lines):
        raise ChunkRefused(
            f"A part of a log may have {job_log.CHUNK_BYTES} bytes and lines of {job_log.LINE_CHARACTERS} characters"
        )
    if lines:
        retry_when_stale(lambda: _append(job_id, attempt, first, lines))


def _append(job_id: int, attempt: int, first: int, lines: list[str]) -> None:
    job = read(job_key(job_id))
    if job is None or int(job.attempt) != attempt or not job.job_state.is_held:
        raise AttemptOver
    begins = int(job.log_base) + first
    stored = int(job.log_lines)
    if begins + len(lines) <= stored:
        return
    if begins != stored:
        raise ChunkMisplaced(stored - int(job.log_base))
    size = sum(len(line) + 1 for line in lines)
    if stored + len(lines) > MOST_LINES or int(job.log_bytes) + size > MOST_BYTES:
        raise ChunkRefused(f"A log may have {MOST_LINES} lines and {MOST_BYTES} characters")
    key = chunk_key(job_id, begins)
    expires = int(time.time()) + config.log_days * DAY if config.log_days else None
    with Change() as change:
        change.add(LogChunkRow(key.pk, key.sk, content=packed(lines), number=len(lines), expires_at=expires), Stale())
        change.update(
            job_key(job_id),
            [JobRow.log_lines.set(stored + len(lines)), JobRow.log_bytes.add(size)],
            (JobRow.log_lines == stored) & (JobRow.attempt == attempt) & JobRow.state.is_in(*HELD_STATES),
        )


def part(job: JobRow, start: int, color: bool, wait: float = 0.0) -> LogPart:
    """Return the part of a log from a line on, at most what one answer holds.

    `wait`: how many seconds to wait for lines after `start`; less if many requests wait (platform/waiting.py).
    Raises LogMissing.
    """
    with waiting.place(wait) as seconds:
        job = _awaited(job, start, seconds)
    if job.is_archived:
        return _archived_part(job, start, color)
    if not job.log_lines:
        return LogPart(0, 0, [], is_complete=_is_abandoned(job))
    content, are_all = job_log.fitting(live_lines(int(job.id), start), color)
    if are_all and start + len(content) < int(job.log_lines):
        # The archive has replaced rows meanwhile, or they expired.
        job = read(job_key(int(job.id))) or job
        if job.is_archived:
            return _archived_part(job, start, color)
    return LogPart(start, start + len(content), content, is_complete=are_all and _is_abandoned(job))


def live_lines(job_id: int, start: int) -> Iterator[str]:
    """Yield the lines of a live log from `start` on.

    They end before a missing row, because the archive may replace the rows while they are read.
    """
    partition_key = log_partition(job_id)
    before = rows(
        LogChunkRow,
        partition_key,
        between=(FIRST_LINE, f"{min(start, int(LAST_LINE)):010d}"),
        newest_first=True,
        limit=1,
    )
    containing = next(before, None)
    if containing is None:
        return
    yield from containing.lines[start - containing.first :]
    following = containing.first + int(containing.number)
    for row in rows(LogChunkRow, partition_key, after=containing.sk, page=32):
        if row.first != following:
            return
        yield from row.lines
        following += int(row.number)


def archive_name(job_id: int) -> str:
    """Return the name of the object of an archived log. No origin has a name that begins with an underscore."""
    return f"_logs/{job_id}.log"


def _awaited(job: JobRow, start: int, wait: float) -> JobRow:
    """Return the job when it has lines after `start` or its log is complete, or when the time is over."""
    deadline, pause = time.monotonic() + wait, FIRST_PAUSE
    while not (job.is_archived or int(job.log_lines) > start or _is_abandoned(job)):
        left = deadline - time.monotonic()
        if left <= 0 or waiting.is_over():
            break
        waiting.sleep(min(pause, left))
        pause = min(pause * 2, LONGEST_PAUSE)
        job = read(job_key(int(job.id))) or job
    return job


def _archived_part(job: JobRow, start: int, color: bool) -> LogPart:
    index = read(index_key(int(job.id)))
    if index is None:
        raise LogMissing
    total = int(index.lines)
    if start >= total:
        return LogPart(start, total, [], is_complete=True)
    begins = job_log.position_before(decode(index.positions, type=list[Position]), start)
    lines, were_read = _archived_lines(int(job.id), begins, start)
    content, fit = job_log.fitting(lines, color)
    are_all = were_read and fit
    stop = total if are_all else start + len(content)
    return LogPart(start, stop, content, is_complete=are_all)


def _archived_lines(job_id: int, begins: Position, start: int) -> tuple[list[str], bool]:
    """Return the lines from `start` in READ_BYTES of an archived log, and whether these are all."""
    last = begins.offset + READ_BYTES - 1
    try:
        response = object_store.call("get_object", Key=archive_name(job_id), Range=f"bytes={begins.offset}-{last}")
        content = Stream(response["Body"]).read()
    except ObjectStoreFailed as problem:
        logs.logger().warning("an archived log cannot be read", extra={"job": job_id})
        raise LogMissing from problem
    lines = content.decode(errors="replace").split("\n")
    return lines[start - begins.line : -1], len(content) < READ_BYTES


def _is_abandoned(job: JobRow) -> bool:
    ended = datetime.fromisoformat(job.updated_at).replace(tzinfo=UTC)
    return job.job_state.is_final and (datetime.now(UTC) - ended).total_seconds() > SETTLED_SECONDS
