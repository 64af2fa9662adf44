r"""The order of versions and releases as text keys that sort by their bytes (packages.md section 3).

A version key is, one after the other:
- its numbers, each as a length prefix and its digits without leading zeros (none for 0), so that more digits are larger
  and a number needs no end mark;
- `!`, lower than any length prefix, so that of two lists the longer is larger;
- `~` where there is no suffix, else the lower `-` and the suffix;
- `\x1f`, lower than any character of an ident, so that a suffix is smaller than its extensions.
A key is at most 1.12 times as long as its version, plus 4.
"""

import re

_DIGIT = re.compile("[0-9]")
_NUMBER_RUN = re.compile("[0-9.]*")
_END = "\x1f"


def version_key(version: str) -> str | None:
    """Sorts like the version, None for a version without a digit; equal for versions that only the release tells apart.

    All releases of a version share it as the prefix of their `release_key`. Takes time linear in the length.
    """
    found = _numbers_and_suffix(version)
    if found is None:
        return None
    numbers, suffix = found
    encoded = "".join(_encoded(number) for number in numbers.split("."))
    ending = f"-{suffix}" if suffix else "~"
    return f"{encoded}!{ending}{_END}"


def release_key(version: str, release: str) -> str | None:
    """Sorts like version and release together, None for a version without a digit; no two idents of a name share one.

    Neither may hold control characters (`ident.is_storable`).
    """
    order = version_key(version)
    return None if order is None else f"{order}{release}{_END}{version}"


def _numbers_and_suffix(version: str) -> tuple[str, str] | None:
    # the same as the leftmost match of ([\d.]*\d+)(.+)? without its quadratic search through runs of dots
    digit = _DIGIT.search(version)
    if digit is None:
        return None
    before = version[: digit.start()]
    start = len(before.rstrip("."))
    run = _NUMBER_RUN.match(version, digit.start())
    numbers = version[start : run.end() if run else None].rstrip(".")
    return numbers, version[start + len(numbers) :]


def _encoded(number: str) -> str:
    # an empty element, as in "1..2", is zero like "0"
    digits = number.lstrip("0")
    nines, rest = divmod(len(digits), 9)
    return f"{'9' * nines}{rest}{digits}"
