r"""Sort keys of versions and releases: their order by bytes is the order of versions (packages.md section 3).

A version key consists of
- the numbers, each as a length prefix and its digits without leading zeros (none for 0), so that a number with more
  digits is larger and no separator is needed;
- `!`, which is lower than any length prefix, so that the longer of two lists is larger;
- `~` if there is no suffix, else `-`, which is lower, and the suffix;
- `\x1f`, which is lower than any character of an ident, so that a suffix is smaller than its extensions.
A key is at most 1.12 times as long as its version, plus 4 characters.
"""

import re

_DIGIT = re.compile("[0-9]")
_NUMBER_RUN = re.compile("[0-9.]*")
_END = "\x1f"


def version_key(version: str) -> str | None:
    """Return a text that sorts like the version, or None for a version without a digit.

    Versions that tie, such as 1.2 and v1.2, have equal keys. All releases of a version have it as the prefix of their
    `release_key`. Takes linear time.
    """
    parts = _numbers_and_suffix(version)
    if parts is None:
        return None
    numbers, suffix = parts
    encoded = "".join(_encoded(number) for number in numbers.split("."))
    ending = f"-{suffix}" if suffix else "~"
    return f"{encoded}!{ending}{_END}"


def release_key(version: str, release: str) -> str | None:
    """Return a text that sorts like version and release together, or None for a version without a digit.

    Different idents of a name have different keys. Neither part may contain control characters (`ident.is_storable`).
    """
    order = version_key(version)
    return None if order is None else f"{order}{release}{_END}{version}"


def _numbers_and_suffix(version: str) -> tuple[str, str] | None:
    # The same as the leftmost match of ([\d.]*\d+)(.+)?, which takes quadratic time for long runs of dots.
    digit = _DIGIT.search(version)
    if digit is None:
        return None
    before = version[: digit.start()]
    start = len(before.rstrip("."))
    run = _NUMBER_RUN.match(version, digit.start())
    numbers = version[start : run.end() if run else None].rstrip(".")
    return numbers, version[start + len(numbers) :]


def _encoded(number: str) -> str:
    # An empty element, as in "1..2", is zero like "0".
    digits = number.lstrip("0")
    nines, rest = divmod(len(digits), 9)
    return f"{'9' * nines}{rest}{digits}"
