"""Unsigned numbers in paths, as the reference reads them (accounts.md 8.2, 8.7; platform.md 2.1)."""

import re

_DIGITS = r"\+?[0-9]+"


class NotUnsigned(ValueError):
    """The text is no unsigned number of that many bits."""


def unsigned(text: str, bits: int) -> int:
    """A number from ASCII digits, a plus in front allowed, nothing around it. Raises NotUnsigned."""
    significant = text.lstrip("+0")
    # ten bits are more than three digits; a text of thousands of digits is never turned into a number
    if not re.fullmatch(_DIGITS, text) or len(significant) > bits // 3 + 1 or int(significant or "0") >= 2**bits:
        raise NotUnsigned(text[:30])
    return int(significant or "0")
