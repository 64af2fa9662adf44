"""The tokens of a job's attempt: made with the claim, returned again for a repeated claim, ended with the attempt."""

import secrets
import time

from msgspec import Struct

from chalicelib.builds.rows import JobRow, channel_of
from chalicelib.catalog.job_token_rows import JobTokenRow, job_token_key
from chalicelib.core.tokens import build_token
from chalicelib.core.tokens.build_token import SECRET_BYTES, BuildTokenReference, Mark
from chalicelib.platform.config import config
from chalicelib.platform.key_ring import key_ring

PURPOSE = b"JOB-TOKENS-1\n"
"""Precedes the secrets in their box, so that no box of another purpose can take its place, and the reverse."""

MARGIN_SECONDS = 900
"""The tokens outlive the time limit of the build, because publication may need repeats."""


class JobTokens(Struct, frozen=True):
    """The texts of the tokens of an attempt: for the worker, and for the build."""

    token: str
    read_token: str

    def __repr__(self) -> str:
        return "JobTokens(...)"


def expiry() -> int:
    """Return when the tokens of an attempt that begins now expire, in seconds of the epoch."""
    return int(time.time()) + config.job_seconds + MARGIN_SECONDS


def make(job: JobRow, attempt: int, origin_id: int) -> JobTokenRow:
    """Return the row of new tokens of an attempt. Raises BuilderKeyInvalid, SecretUnavailable."""
    both = secrets.token_bytes(SECRET_BYTES), secrets.token_bytes(SECRET_BYTES)
    tokens = _texts(int(job.id), attempt, *both)
    key = job_token_key(int(job.id), attempt)
    return JobTokenRow(
        key.pk,
        key.sk,
        origin=job.origin,
        origin_id=origin_id,
        name=job.name,
        channel=channel_of(int(job.group_id)),
        fingerprint=build_token.fingerprint(tokens.token),
        read_fingerprint=build_token.fingerprint(tokens.read_token),
        box=key_ring().seal(PURPOSE + b"".join(both)),
        expires_at=expiry(),
    )


def texts_of(row: JobTokenRow, job_id: int, attempt: int) -> JobTokens:
    """Return the texts of the tokens in a row. Raises BoxUnreadable, BuilderKeyInvalid, SecretUnavailable."""
    both = key_ring().open(row.box).removeprefix(PURPOSE)
    return _texts(job_id, attempt, both[:SECRET_BYTES], both[SECRET_BYTES:])


def _texts(job_id: int, attempt: int, secret: bytes, read_secret: bytes) -> JobTokens:
    return JobTokens(
        build_token.issue(BuildTokenReference(Mark.JOB, job_id, attempt), secret),
        build_token.issue(BuildTokenReference(Mark.READ, job_id, attempt), read_secret),
    )
