"""Named tokens: `bldr_`, where the token's row stands, and a secret; only a fingerprint is kept of them.

Our own addition beside the one access token of the contract. The text can be neither a web session (Base64 has no `_`)
nor an access token (these begin with `_`), and the mark lets scanners find a token that got into a repository.
"""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

SECRET_BYTES = 32
_MARK = "bldr_"
_PLACE = struct.Struct(">QQ")


class NamedTokenUnreadable(ValueError):
    """The text is no named token. It carries no text: what was refused may be a secret."""


@dataclass(frozen=True, slots=True)
class TokenReference:
    """Whose token it is, and which one of theirs."""

    account_id: int
    token_id: int


def issue(place: TokenReference, secret: bytes) -> str:
    """The text of a new token; the secret is 32 bytes drawn for it alone."""
    raw = _PLACE.pack(place.account_id, place.token_id) + secret
    return _MARK + base64.urlsafe_b64encode(raw).decode("ascii")


def looks_like_named_token(text: str) -> bool:
    """Tells named tokens from all others."""
    return text.startswith(_MARK)


def place_of(token: str) -> TokenReference:
    """Where its row stands; it proves nothing until the fingerprint is found there. Raises NamedTokenUnreadable."""
    encoded = token.removeprefix(_MARK)
    try:
        raw = base64.b64decode(encoded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NamedTokenUnreadable from None
    if not looks_like_named_token(token) or len(raw) != _PLACE.size + SECRET_BYTES:
        raise NamedTokenUnreadable
    return TokenReference(*_PLACE.unpack(raw[: _PLACE.size]))


def fingerprint(token: str) -> str:
    """SHA-256 in hex of exactly this text. A token has too much entropy to guess."""
    return hashlib.sha256(token.encode()).hexdigest()
