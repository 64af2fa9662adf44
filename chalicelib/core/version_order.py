"""The order of versions and releases, as text whose bytes sort the same way (packages.md section 3)."""

import re

_NUMBERED = re.compile(r"([0-9.]*[0-9]+)(.+)?", re.ASCII | re.DOTALL)
_LIST_END = "!"
_NO_SUFFIX = "~"
_SUFFIX = "-"
_SEPARATOR = "\x1f"


def version_key(version: str) -> str | None:
    """The place of a version in the order, None for one without a digit; releases of equal versions share it as a prefix.

    Each number is its digits behind their count, so that longer numbers are larger; `!` ends the list below every digit, so
    that the longer list is larger; `~` for no suffix is above every suffix.
    """
    match = _NUMBERED.search(version)
    if match is None:
        return None
    numbers = "".join(_number(digits) for digits in match[1].split("."))
    suffix = _NO_SUFFIX if match[2] is None else _SUFFIX + match[2]
    return numbers + _LIST_END + suffix + _SEPARATOR


def release_key(version: str, release: str) -> str | None:
    """The place of a release: its version's, then its own bytes, then the version's text, so that no two share a place."""
    order = version_key(version)
    return None if order is None else order + release + _SEPARATOR + version


def _number(digits: str) -> str:
    """An integer of any size behind its length; nothing between two dots counts as zero."""
    plain = digits.lstrip("0") or "0"
    return "9" * (len(plain) // 9) + str(len(plain) % 9) + plain
