"""The proof and the sessions of workers, of their jobs and of builds. An addition to the contract.

A session of a job reads as a member of the job's origin, and changes only what `JobUse` lists. A session of a worker
claims jobs, and is worth as much as no token at all in every other operation.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from typing import Any

from chalicelib.catalog.job_token_rows import JobTokenRow, job_token_key
from chalicelib.core.builds.build_access import JobAccess, JobUse, WorkerAccess
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.core.roles import Role, SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.core.tokens import build_token
from chalicelib.core.tokens.build_token import (
    BuildTokenReference,
    BuildTokenUnreadable,
    Mark,
    fingerprint,
    looks_like_build_token,
)
from chalicelib.core.tokens.token_scope import Grant, Scope
from chalicelib.identity import worker_rows
from chalicelib.identity.errors import TokenRefused
from chalicelib.identity.worker_rows import ALL_ORIGINS, ClaimCodeRow, WorkerRow
from chalicelib.platform.row import Key

__all__ = [
    "BuildTokenReference",
    "fingerprint",
    "is_of_job",
    "key_of",
    "looks_like_build_token",
    "permits",
    "proven_session",
    "reference_of",
    "role_for",
]

NAME = "BUILDER"
"""The name that events and audit rows show for a job: that of the build service in the contract (builds.md 1.1)."""

_NO_FLAGS = SessionFlags(0)
_NO_GRANT = Grant(frozenset(), ALL_ORIGINS)
_JOB_SCOPES = frozenset({Scope.UPLOAD, Scope.PROMOTE})
_READ_SCOPES = frozenset({Scope.READ})


def reference_of(token: str) -> BuildTokenReference:
    """Return what a token claims to be. Raises TokenRefused."""
    try:
        return build_token.reference_of(token)
    except BuildTokenUnreadable as problem:
        raise TokenRefused from problem


def key_of(reference: BuildTokenReference) -> Key[Any]:
    """Return the key of the row that must prove a token."""
    if reference.mark is Mark.WORKER:
        return worker_rows.worker_key(reference.origin, reference.id)
    if reference.mark is Mark.CODE:
        return worker_rows.claim_code_key(reference.id)
    return job_token_key(reference.id, reference.attempt)


def is_of_job(reference: BuildTokenReference) -> bool:
    """Return whether a token is one of those of a job's attempt."""
    return reference.mark in (Mark.JOB, Mark.READ)


def proven_session(
    row: WorkerRow | ClaimCodeRow | JobTokenRow, reference: BuildTokenReference, presented: str, trigger: Trigger
) -> Session:
    """Return the session that a row proves now. `presented` is the fingerprint of the token. Raises TokenRefused."""
    if not hmac.compare_digest(_fingerprint_in(row, reference.mark), presented):
        raise TokenRefused
    if not isinstance(row, WorkerRow) and row.expires_at < time.time():
        raise TokenRefused
    if isinstance(row, JobTokenRow):
        job = _job_access(row, reference)
        grant = Grant(_JOB_SCOPES if job.may_write else _READ_SCOPES, job.origin)
        return Session(job.job_id, NAME, _NO_FLAGS, grant, trigger, job=job)
    worker = _worker_access(row, reference)
    return Session(worker.id, worker.name, _NO_FLAGS, _NO_GRANT, trigger, worker=worker)


def permits(job: JobAccess, use: JobUse | None, path: Mapping[str, str]) -> bool:
    """Return whether a job may call an operation that needs a role, with these variables of its path."""
    if use is None or not job.may_write or path.get("origin", job.origin) != job.origin:
        return False
    if path.get("pkg", job.name) != job.name:
        return False
    return use is not JobUse.CHANNEL or path.get("channel") == job.channel


def role_for(use: JobUse) -> Role:
    """Return the role that a job has in its origin for an operation that it may call."""
    return Role.MAINTAINER if use is JobUse.CHANNEL else Role.MEMBER


def _fingerprint_in(row: WorkerRow | ClaimCodeRow | JobTokenRow, mark: Mark) -> str:
    return str(row.read_fingerprint if mark is Mark.READ and isinstance(row, JobTokenRow) else row.fingerprint)


def _job_access(row: JobTokenRow, reference: BuildTokenReference) -> JobAccess:
    return JobAccess(
        reference.id,
        reference.attempt,
        row.origin,
        int(row.origin_id),
        row.name,
        row.channel,
        may_write=reference.mark is Mark.JOB,
    )


def _worker_access(row: WorkerRow | ClaimCodeRow, reference: BuildTokenReference) -> WorkerAccess:
    if isinstance(row, ClaimCodeRow):
        targets = frozenset({Target(row.target)})
        return WorkerAccess(reference.id, "one-time code", targets, is_code=True, claimed_job=int(row.job_id))
    targets = frozenset(map(Target, row.targets.split(",")))
    return WorkerAccess(reference.id, row.name, targets, reference.origin or None, int(row.origin_id))
