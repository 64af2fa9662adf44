"""Move of a log from rows to an object, when its job has ended (builds.md 9.3)."""

from msgspec.json import encode

from chalicelib.builds.jobs import logs
from chalicelib.builds.jobs.rows import LogChunkRow, LogIndexRow, index_key, log_partition
from chalicelib.builds.rows import JobRow, job_key, unarchived_key
from chalicelib.core.builds import job_log
from chalicelib.platform import object_store
from chalicelib.platform.change import Change, Stale, retry_when_stale
from chalicelib.platform.row import Key
from chalicelib.platform.table import delete_many, read, rows


def archive(job_id: int) -> None:
    """Archive the log of a job that has ended, and delete its rows. May be interrupted anywhere and repeated.

    Of two calls at once, the slower one may find rows missing. It leaves the object of the faster one unchanged.

    Does nothing to a job that may still get lines. The note of the job's end is deleted last. Raises ObjectStoreFailed.
    """
    job = read(job_key(job_id))
    if job is None or not job.job_state.is_final:
        return
    if not job.is_archived:
        content, number, index = job_log.index_of(logs.live_lines(job_id, 0))
        if number >= int(job.log_lines) or not _is_archived(job_id):
            object_store.call("put_object", Key=logs.archive_name(job_id), Body=content, ContentType="text/plain")
            retry_when_stale(lambda: _note(job_id, number, encode(index)))
    chunks = rows(LogChunkRow, log_partition(job_id), keys_only=True)
    delete_many([Key(LogChunkRow, row.pk, row.sk) for row in chunks])
    delete_many([unarchived_key(job)])


def _is_archived(job_id: int) -> bool:
    job = read(job_key(job_id))
    return job is None or bool(job.is_archived)


def _note(job_id: int, lines: int, positions: bytes) -> None:
    key = index_key(job_id)
    with Change() as change:
        change.put(LogIndexRow(key.pk, key.sk, positions=positions, lines=lines))
        change.update(job_key(job_id), [JobRow.is_archived.set(True)], JobRow.pk.exists(), Stale())
