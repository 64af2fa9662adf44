"""Personal access tokens: claims sealed with a builder key, `_` in front (accounts.md 3.2).

A token is not stored. From its claims, its nonce and the name of its key the same text can be made again, so the table
holds these and a fingerprint, and who reads the table but has no builder key has no token.
"""

import hashlib
from dataclasses import dataclass

from chalicelib.core import strict_base64
from chalicelib.core.protobuf_wire import WireMalformed, fields_of, integer, signed_integer, varint_field
from chalicelib.core.signed_box import BoxMalformed, BoxUnreadable, KeyRing, SignedBox

NEVER_EXPIRES = 8210266876799
_NEVER_EXPIRES_ONCE = 8210298326400  # in tokens of older servers
_MARK = "_"


class TokenUnreadable(ValueError):
    """The text is no access token of this service."""


@dataclass(frozen=True, slots=True)
class AccessTokenClaims:
    """What a token says: account, flags of its session (unknown bits included), last valid second since the epoch."""

    account_id: int
    flags: int
    expires: int = NEVER_EXPIRES


def issue(claims: AccessTokenClaims, keys: KeyRing, nonce: bytes | None = None) -> str:
    """A new token under the newest builder key; the nonce (24 bytes) is drawn unless given."""
    return _token(keys.seal(_message(claims), nonce))


def rebuild(claims: AccessTokenClaims, nonce: bytes, key_revision: str, keys: KeyRing) -> str:
    """The text of an issued token again, from what `issue` put in and `nonce_of` and `key_revision_of` took out.

    The claims must be those of the issued token: others under its nonce would weaken both (compare the fingerprint
    before the text is given out). Raises BoxUnreadable when the key is gone.
    """
    return _token(keys.seal(_message(claims), nonce, key_revision))


def read(token: str, keys: KeyRing) -> AccessTokenClaims:
    """The claims of a token that one of our keys has sealed; whether it expired or was revoked is not looked at.

    Padding may be trimmed. Raises TokenUnreadable.
    """
    try:
        fields = fields_of(keys.open(_box_text(token)))
        # absent fields are refused, not zero: account 0 is the build service
        return AccessTokenClaims(integer(fields, 1), integer(fields, 2, bits=32), signed_integer(fields, 3))
    except (BoxMalformed, BoxUnreadable, WireMalformed) as problem:
        raise TokenUnreadable(str(problem)) from problem


def is_expired(claims: AccessTokenClaims, now_seconds: int) -> bool:
    """Whether the last second is over. Beyond the calendar's end only the two values that mean never are valid.

    Compares integers, because these values overflow `datetime`.
    """
    if claims.expires in (NEVER_EXPIRES, _NEVER_EXPIRES_ONCE):
        return False
    return claims.expires < now_seconds or claims.expires > NEVER_EXPIRES


def looks_like_access_token(text: str) -> bool:
    """Tells access tokens from session tokens, which are Base64 and so never start with `_`."""
    return text.startswith(_MARK)


def fingerprint(token: str) -> str:
    """SHA-256 in hex of the token without its padding, which clients may trim; tokens are too random to be guessed."""
    return hashlib.sha256(token.rstrip("=").encode()).hexdigest()


def nonce_of(token: str) -> bytes:
    """The nonce (24 bytes) that `rebuild` needs. Raises TokenUnreadable."""
    return _box(token).nonce


def key_revision_of(token: str) -> str:
    """The full name of the builder key that `rebuild` needs. Raises TokenUnreadable."""
    return str(_box(token).decryptor)


def _message(claims: AccessTokenClaims) -> bytes:
    return varint_field(1, claims.account_id) + varint_field(2, claims.flags) + varint_field(3, claims.expires)


def _token(box_text: str) -> str:
    return _MARK + strict_base64.encoded(box_text.encode())


def _box(token: str) -> SignedBox:
    try:
        return SignedBox.parse(_box_text(token))
    except BoxMalformed as problem:
        raise TokenUnreadable(str(problem)) from problem


def _box_text(token: str) -> str:
    if not looks_like_access_token(token):
        raise TokenUnreadable("no _ in front")
    trimmed = token.removeprefix(_MARK).rstrip("=")
    try:
        return strict_base64.decoded(trimmed + "=" * (-len(trimmed) % 4)).decode("utf-8")
    except (strict_base64.Base64Malformed, UnicodeDecodeError):
        raise TokenUnreadable("no Base64 of UTF-8") from None  # the cause would quote the token
