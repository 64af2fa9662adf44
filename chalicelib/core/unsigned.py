"""Unsigned numbers in paths (accounts.md 8.2, 8.7; platform.md 2.1)."""

import re

_DIGITS = r"\+?[0-9]+"


class NotUnsigned(ValueError):
    """The text is not an unsigned number, or it has too many bits."""


def unsigned(text: str, bits: int) -> int:
    """Return the number in a text of ASCII digits, with an optional plus sign. Raises NotUnsigned."""
    significant = text.lstrip("+0")
    # A digit has more than three bits. The number of digits is checked first, so that `int` never gets a long text.
    if not re.fullmatch(_DIGITS, text) or len(significant) > bits // 3 + 1 or int(significant or "0") >= 2**bits:
        raise NotUnsigned(text[:30])
    return int(significant or "0")
