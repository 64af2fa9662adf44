"""Rows of the tokens of a job's attempt.

The row is added in the transaction that hands the job to a worker, and deleted in the one that settles the attempt, so
the tokens end with the attempt. Changes that a job makes require the row in their own transactions. The transaction of
an upload also stores the ident in the row, so that a release is not built again if its worker is lost after that.
"""

from chalicelib.core.ident import PackageIdent
from chalicelib.platform.attributes import Condition, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.row import Key, Row, partition


class JobTokenRow(Row):
    """The two tokens of an attempt: that of the worker, and that of the build, which only reads.

    `box` holds the secrets of both in a signed box of the builder key, so that a repeated claim returns the same
    tokens. `expires_at` (seconds) is also the table's time to live. `uploaded` is the ident of the newest upload.
    """

    origin = UnicodeAttribute()
    origin_id = NumberAttribute()
    name = UnicodeAttribute()
    channel = UnicodeAttribute()
    fingerprint = UnicodeAttribute()
    read_fingerprint = UnicodeAttribute()
    box = UnicodeAttribute()
    expires_at = NumberAttribute()
    uploaded = UnicodeAttribute(null=True)


def job_token_key(job_id: int, attempt: int) -> Key[JobTokenRow]:
    """Key of the tokens of an attempt."""
    return Key(JobTokenRow, partition("JOB-TOKEN", str(job_id)), f"{attempt:06d}")


def end(change: Change, job_id: int, attempt: int, condition: Condition | None = None) -> None:
    """Delete the tokens of an attempt in a change, which ends the sessions of its worker and its build.

    The change raises Stale if a condition, such as `has_uploaded`, does not hold.
    """
    change.delete(job_token_key(job_id, attempt), condition)


def has_uploaded(ident: str | None) -> Condition:
    """Return the condition that an attempt has uploaded this ident, or nothing."""
    condition: Condition = JobTokenRow.uploaded == ident
    return JobTokenRow.uploaded.does_not_exist() if ident is None else condition


def note_upload(change: Change, job_id: int, attempt: int, ident: PackageIdent, otherwise: Exception) -> None:
    """Store what an attempt uploads, in the change of the upload, on the condition that the attempt has not ended."""
    key = job_token_key(job_id, attempt)
    change.update(key, [JobTokenRow.uploaded.set(str(ident))], JobTokenRow.pk.exists(), otherwise=otherwise)


def require(change: Change, job_id: int, attempt: int, otherwise: Exception) -> None:
    """Add the check to a change that an attempt has not ended."""
    change.check(job_token_key(job_id, attempt), JobTokenRow.pk.exists(), otherwise=otherwise)
