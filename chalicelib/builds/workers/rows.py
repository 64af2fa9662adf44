"""Rows that lead from a claim to the job that it got."""

import hashlib

from chalicelib.platform.attributes import NumberAttribute
from chalicelib.platform.row import Key, Row, partition


class ClaimRow(Row):
    """The attempt of a job that a claim got. `expires_at` (seconds) is also the table's time to live.

    A worker that missed the answer repeats its claim, and finds its job here.
    """

    job_id = NumberAttribute()
    attempt = NumberAttribute()
    expires_at = NumberAttribute()


def claim_hash(worker_id: int, claim: str) -> str:
    """Return the SHA-256 in hex of a claim of a worker. Workers cannot repeat the claims of others."""
    return hashlib.sha256(f"{worker_id}/{claim}".encode()).hexdigest()


def claim_key(claim: str) -> Key[ClaimRow]:
    """Key of a claim, by its hash."""
    return Key(ClaimRow, partition("CLAIM", claim), "CLAIM")
