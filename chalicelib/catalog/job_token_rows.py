"""Rows of the tokens of a job's attempt.

The row is added in the transaction that hands the job to a worker, and deleted in the one that settles the attempt, so
the tokens end with the attempt. Changes that a job makes require the row in their own transactions.
"""

from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.table import Key, Row, partition


class JobTokenRow(Row):
    """The two tokens of an attempt: that of the worker, and that of the build, which only reads.

    `box` holds the secrets of both in a signed box of the builder key, so that a repeated claim returns the same
    tokens. `expires_at` (seconds) is also the table's time to live.
    """

    origin = UnicodeAttribute()
    origin_id = NumberAttribute()
    name = UnicodeAttribute()
    channel = UnicodeAttribute()
    fingerprint = UnicodeAttribute()
    read_fingerprint = UnicodeAttribute()
    box = UnicodeAttribute()
    expires_at = NumberAttribute()


def job_token_key(job_id: int, attempt: int) -> Key[JobTokenRow]:
    """Key of the tokens of an attempt."""
    return Key(JobTokenRow, partition("JOB-TOKEN", str(job_id)), f"{attempt:06d}")


def end(change: Change, job_id: int, attempt: int) -> None:
    """Delete the tokens of an attempt in a change, which ends the sessions of its worker and its build."""
    change.delete(job_token_key(job_id, attempt))


def require(change: Change, job_id: int, attempt: int, otherwise: Exception) -> None:
    """Add the check to a change that an attempt has not ended."""
    change.check(job_token_key(job_id, attempt), JobTokenRow.pk.exists(), otherwise=otherwise)
