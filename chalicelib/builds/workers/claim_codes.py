"""One-time claim codes: credentials of workers that are started for a single job, such as builds of CodeBuild."""

import secrets
import time

from chalicelib.core.target import Target
from chalicelib.core.tokens import build_token
from chalicelib.core.tokens.build_token import SECRET_BYTES, BuildTokenReference, Mark
from chalicelib.identity.worker_rows import ClaimCodeRow, claim_code_key
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id

LIFE_SECONDS = 600
"""How long a code may be used for its first claim."""


def issue(target: Target) -> str:
    """Create a code for the claim of one job of a target, and return its text, which is not stored.

    The code is valid for ten minutes; the claim that gets a job binds the code to this job.
    """
    code_id = new_id()
    text = build_token.issue(BuildTokenReference(Mark.CODE, code_id), secrets.token_bytes(SECRET_BYTES))
    key = claim_code_key(code_id)
    row = ClaimCodeRow(
        key.pk,
        key.sk,
        target=str(target),
        fingerprint=build_token.fingerprint(text),
        expires_at=int(time.time()) + LIFE_SECONDS,
    )
    with Change() as change:
        change.add(row)
    return text


def bind(change: Change, code_id: int, job_id: int, expires_at: int) -> None:
    """Bind a code to the job that is claimed with it in this change. The change raises Stale if it is bound already."""
    change.update(
        claim_code_key(code_id),
        [ClaimCodeRow.job_id.set(job_id), ClaimCodeRow.expires_at.set(expires_at)],
        condition=ClaimCodeRow.job_id == 0,
    )
