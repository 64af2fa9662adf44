"""Personal access tokens: claims sealed with a builder key, after an underscore (accounts.md 3.2).

The text of a token is not stored. The table stores its claims, its nonce, the name of its builder key and a
fingerprint. The text can be rebuilt from these and the builder key, but not from the table alone.
"""

import hashlib

from msgspec import Struct

from chalicelib.core import strict_base64
from chalicelib.core.keys.signed_box import BoxMalformed, BoxUnreadable, KeyRing, SignedBox
from chalicelib.core.protobuf_wire import WireMalformed, fields_of, integer, signed_integer, varint_field

NEVER_EXPIRES = 8210266876799
_OLD_NEVER_EXPIRES = 8210298326400  # in tokens of older servers
_MARK = "_"


class TokenUnreadable(ValueError):
    """The text is not an access token of this service."""


class AccessTokenClaims(Struct, frozen=True):
    """The content of a token.

    `flags` are those of the session, unknown bits included; `expires` is the last valid second since the epoch.
    """

    account_id: int
    flags: int
    expires: int = NEVER_EXPIRES


def issue(claims: AccessTokenClaims, keys: KeyRing, nonce: bytes | None = None) -> str:
    """Return a new token, sealed with the newest builder key. The nonce (24 bytes) is random by default."""
    return _token(keys.seal(_message(claims), nonce))


def rebuild(claims: AccessTokenClaims, nonce: bytes, key_revision: str, keys: KeyRing) -> str:
    """Return the text of an issued token, from its claims, its nonce and the name of its key.

    The claims must be those of the issued token, because two messages under one nonce weaken the encryption of both:
    compare the fingerprint before using the text. Raises BoxUnreadable if the ring does not have the key.
    """
    return _token(keys.seal(_message(claims), nonce, key_revision))


def read(token: str, keys: KeyRing) -> AccessTokenClaims:
    """Return the claims of a token that a key of the ring has sealed. Raises TokenUnreadable.

    Neither expiry nor revocation is checked. The padding may be missing.
    """
    try:
        fields = fields_of(keys.open(_box_text(token)))
        # A missing field is an error instead of zero, because account 0 is the build service.
        return AccessTokenClaims(integer(fields, 1), integer(fields, 2, bits=32), signed_integer(fields, 3))
    except (BoxMalformed, BoxUnreadable, WireMalformed) as problem:
        raise TokenUnreadable(str(problem)) from problem


def is_expired(claims: AccessTokenClaims, now_seconds: int) -> bool:
    """Return whether a token has expired.

    Of the values beyond the year 9999 only the two that mean "never" are valid. They overflow `datetime`, so integers
    are compared.
    """
    if claims.expires in (NEVER_EXPIRES, _OLD_NEVER_EXPIRES):
        return False
    return claims.expires < now_seconds or claims.expires > NEVER_EXPIRES


def looks_like_access_token(text: str) -> bool:
    """Return whether a text starts like an access token. Session tokens do not: Base64 has no `_`."""
    return text.startswith(_MARK)


def fingerprint(token: str) -> str:
    """Return the SHA-256 in hex of a token without its padding, which clients may trim."""
    return hashlib.sha256(token.rstrip("=").encode()).hexdigest()


def nonce_of(token: str) -> bytes:
    """Return the nonce (24 bytes) that `rebuild` needs. Raises TokenUnreadable."""
    return _box(token).nonce


def key_revision_of(token: str) -> str:
    """Return the full name of the builder key that `rebuild` needs. Raises TokenUnreadable."""
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
        raise TokenUnreadable("the first character is not _")
    trimmed = token.removeprefix(_MARK).rstrip("=")
    try:
        return strict_base64.decoded(trimmed + "=" * (-len(trimmed) % 4)).decode("utf-8")
    except (strict_base64.Base64Malformed, UnicodeDecodeError):
        raise TokenUnreadable("not Base64 of UTF-8") from None  # the cause would quote the token
