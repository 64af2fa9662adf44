"""Web session tokens: an address of the stored session and a secret that proves it (accounts.md 3.1).

The reference puts the provider's OAuth token inside; ours is a random secret, so whoever gets hold of a session of this
service does not also hold a credential of the user's account at the provider. Clients treat the text as opaque.
"""

import hashlib
from enum import IntEnum

from chalicelib.core import strict_base64
from chalicelib.core.protobuf_wire import WireMalformed, bytes_field, fields_of, integer, varint_field


class TokenUnreadable(ValueError):
    """The text is no session token."""


class Provider(IntEnum):
    """Who vouched for the account; the numbers are those of the wire."""

    GITHUB = 0
    NONE = 1
    BITBUCKET = 2
    AZURE_AD = 3
    GITLAB = 4
    OKTA = 5
    ACTIVE_DIRECTORY = 6
    CHEF_AUTOMATE = 7


def issue(account_id: int, extern_id: str, provider: Provider, secret: bytes) -> str:
    """The token of a new session: Base64, so it never starts with `_`. The secret is 32 bytes drawn for it alone."""
    message = (
        varint_field(1, account_id)
        + bytes_field(2, extern_id.encode())
        + varint_field(3, provider)
        + bytes_field(4, secret)
    )
    return strict_base64.encoded(message)


def account_id_of(token: str) -> int:
    """Whose partition the stored session is in; the token proves nothing until its fingerprint is found there.

    Raises TokenUnreadable.
    """
    try:
        return integer(fields_of(strict_base64.decoded(token)), 1)
    except (strict_base64.Base64Malformed, WireMalformed):
        raise TokenUnreadable from None


def fingerprint(token: str) -> str:
    """SHA-512 in lower-case hex of exactly this text, under which the session is stored."""
    return hashlib.sha512(token.encode()).hexdigest()
