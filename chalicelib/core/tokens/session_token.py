"""Web session tokens: the account of the stored session and a secret that proves it (accounts.md 3.1).

The secret is random. The reference server uses the identity provider's OAuth token instead, so a stolen session of that
server also gives access to the user's account at the provider. Clients treat the text as opaque.
"""

import hashlib
from enum import IntEnum

from chalicelib.core import strict_base64
from chalicelib.core.protobuf_wire import WireMalformed, bytes_field, fields_of, integer, varint_field


class TokenUnreadable(ValueError):
    """The text is not a session token."""


class Provider(IntEnum):
    """The identity provider that authenticated the account, with its number in the token."""

    GITHUB = 0
    NONE = 1
    BITBUCKET = 2
    AZURE_AD = 3
    GITLAB = 4
    OKTA = 5
    ACTIVE_DIRECTORY = 6
    CHEF_AUTOMATE = 7


def issue(account_id: int, extern_id: str, provider: Provider, secret: bytes) -> str:
    """Return the token of a new session, in Base64. The secret is 32 random bytes, used for this session only."""
    message = (
        varint_field(1, account_id)
        + bytes_field(2, extern_id.encode())
        + varint_field(3, provider)
        + bytes_field(4, secret)
    )
    return strict_base64.encoded(message)


def account_id_of(token: str) -> int:
    """Return the account id that a token claims, unproven until the fingerprint matches. Raises TokenUnreadable."""
    try:
        return integer(fields_of(strict_base64.decoded(token)), 1)
    except (strict_base64.Base64Malformed, WireMalformed):
        raise TokenUnreadable from None


def fingerprint(token: str) -> str:
    """Return the SHA-512 in lower-case hex of exactly this text; the sort key of the stored session contains it."""
    return hashlib.sha512(token.encode()).hexdigest()
