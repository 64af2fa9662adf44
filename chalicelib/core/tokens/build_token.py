"""The texts of the tokens of builds: workers, one-time claim codes, and the jobs that workers hold.

An addition to the contract. Every kind has a mark of its own, which named tokens (`bldr_`), access tokens and web
sessions do not begin with. Only hashes of the texts are stored, except that those of a job are also stored encrypted.
"""

import base64
import binascii
import hashlib
import struct
from enum import StrEnum

from msgspec import Struct

from chalicelib.core.ident import is_origin_name

SECRET_BYTES = 32
LONGEST = 500
_IDS = struct.Struct(">QI")


class BuildTokenUnreadable(ValueError):
    """The text is not a token of builds. The error does not quote it, because it may be a secret."""


class Mark(StrEnum):
    """The first characters of a token, by its kind.

    - WORKER: the credential of a worker, valid until it is revoked.
    - CODE: a credential for the claim of one job.
    - JOB: what a worker may do for the job that it holds.
    - READ: what the build itself may do: read.
    """

    WORKER = "bldrw_"
    CODE = "bldro_"
    JOB = "bldrj_"
    READ = "bldrr_"


class BuildTokenReference(Struct, frozen=True):
    """The parts of the key of a token's row.

    `id` is the id of the worker, code or job, `attempt` that of the job, `origin` the origin of a worker; an empty text
    for a worker of all origins.
    """

    mark: Mark
    id: int
    attempt: int = 0
    origin: str = ""


def issue(reference: BuildTokenReference, secret: bytes) -> str:
    """Return the text of a token. The secret is 32 random bytes, used for this token only."""
    raw = _IDS.pack(reference.id, reference.attempt) + secret + reference.origin.encode("ascii")
    return reference.mark + base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def looks_like_build_token(text: str) -> bool:
    """Return whether a text has the mark of a token of builds."""
    return text.startswith(tuple(Mark))


def reference_of(token: str) -> BuildTokenReference:
    """Return what a token claims to be, unproven until the fingerprint matches. Raises BuildTokenUnreadable."""
    mark = next((mark for mark in Mark if token.startswith(mark)), None)
    if mark is None or len(token) > LONGEST:
        raise BuildTokenUnreadable
    encoded = token.removeprefix(mark)
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        origin = raw[_IDS.size + SECRET_BYTES :].decode("ascii")
    except (binascii.Error, ValueError):
        raise BuildTokenUnreadable from None
    if len(raw) < _IDS.size + SECRET_BYTES or (origin and not is_origin_name(origin)):
        raise BuildTokenUnreadable
    identifier, attempt = _IDS.unpack(raw[: _IDS.size])
    reference = BuildTokenReference(mark, identifier, attempt, origin)
    if not _is_possible(reference):
        raise BuildTokenUnreadable
    return reference


def fingerprint(token: str) -> str:
    """Return the SHA-256 in hex of exactly this text. No salt is needed, because a token is too random to guess."""
    return hashlib.sha256(token.encode()).hexdigest()


def _is_possible(reference: BuildTokenReference) -> bool:
    """Return whether the service could have issued a token: id 0 is that of the build service."""
    of_job = reference.mark in (Mark.JOB, Mark.READ)
    return (
        0 < reference.id < 1 << 63
        and (reference.attempt > 0) == of_job
        and (not reference.origin or reference.mark is Mark.WORKER)
    )
