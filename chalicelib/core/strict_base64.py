"""Base64 with exactly one text per value, as keys, boxes and tokens need it (accounts.md 3 and 7)."""

import base64
import binascii


class Base64Malformed(ValueError):
    """The text is no canonical Base64. It carries no text: what was refused may be a secret."""


def encoded(raw: bytes) -> str:
    """Standard alphabet, padded."""
    return base64.b64encode(raw).decode("ascii")


def decoded(text: str) -> bytes:
    """The bytes of a text that `encoded` could have made. Raises Base64Malformed."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Base64Malformed from None
    # the decoder lets stray bits in the last character pass, so a changed token could still be read
    if encoded(raw) != text:
        raise Base64Malformed
    return raw
