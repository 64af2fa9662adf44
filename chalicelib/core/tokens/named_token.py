"""The text of named tokens: the mark `bldr_`, the ids of account and token, and a secret. Only its hash is stored.

An addition to the contract, which has one access token per account. The mark distinguishes the text from web sessions
(Base64 has no `_`) and access tokens (which begin with `_`), and lets secret scanners find a token that was committed
to a repository.
"""

import base64
import binascii
import hashlib
import struct

from msgspec import Struct

SECRET_BYTES = 32
_MARK = "bldr_"
_IDS = struct.Struct(">QQ")


class NamedTokenUnreadable(ValueError):
    """The text is not a named token. The error does not quote it, because it may be a secret."""


class TokenReference(Struct, frozen=True):
    """The ids that form the key of a token's row."""

    account_id: int
    token_id: int


def issue(reference: TokenReference, secret: bytes) -> str:
    """Return the text of a new token. The secret is 32 random bytes, used for this token only."""
    raw = _IDS.pack(reference.account_id, reference.token_id) + secret
    return _MARK + base64.urlsafe_b64encode(raw).decode("ascii")


def looks_like_named_token(text: str) -> bool:
    """Return whether a text has the mark of named tokens."""
    return text.startswith(_MARK)


def reference_of(token: str) -> TokenReference:
    """Return the ids that a token claims, unproven until the fingerprint matches. Raises NamedTokenUnreadable."""
    encoded = token.removeprefix(_MARK)
    try:
        raw = base64.b64decode(encoded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NamedTokenUnreadable from None
    if not looks_like_named_token(token) or len(raw) != _IDS.size + SECRET_BYTES:
        raise NamedTokenUnreadable
    return TokenReference(*_IDS.unpack(raw[: _IDS.size]))


def fingerprint(token: str) -> str:
    """Return the SHA-256 in hex of exactly this text. No salt is needed, because a token is too random to guess."""
    return hashlib.sha256(token.encode()).hexdigest()
