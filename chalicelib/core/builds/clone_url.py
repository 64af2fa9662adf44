"""Addresses from which Git clones repositories."""

from urllib.parse import unquote, urlsplit

from chalicelib.core.plain_text import is_plain

MOST_CHARACTERS = 1_000
_REFUSED = frozenset(' "<>\\^`{|}?#')
"""Characters that a URL must encode, and those that begin a query or a fragment."""


def is_clean(url: str) -> bool:
    """Return whether a URL has no credentials, no `..`, no query or fragment, and no control characters.

    Percent-encoded characters count as what they stand for, because Git decodes them.
    """
    if len(url) > MOST_CHARACTERS or not url.isascii() or not _REFUSED.isdisjoint(url):
        return False
    decoded = unquote(url)
    if not is_plain(decoded) or ".." in decoded.replace("\\", "/").split("/"):
        return False
    try:
        return "@" not in urlsplit(url).netloc
    except ValueError:
        return False
