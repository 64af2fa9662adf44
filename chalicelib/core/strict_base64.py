"""Canonical Base64: exactly one text per value, as keys, boxes and tokens need it (accounts.md 3 and 7)."""

import base64
import binascii


class Base64Malformed(ValueError):
    """The text is not canonical Base64. The error does not quote it, because it may be a secret."""


def encoded(raw: bytes) -> str:
    """Return the Base64 of some bytes, in the standard alphabet, with padding."""
    return base64.b64encode(raw).decode("ascii")


def decoded(text: str) -> bytes:
    """Return the bytes of a text that `encoded` returns. Raises Base64Malformed for any other text."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Base64Malformed from None
    # The decoder ignores unused bits of the last character, so a changed token could still be valid.
    if encoded(raw) != text:
        raise Base64Malformed
    return raw
