"""Texts that terminals, logs and web pages can show as they are: names and messages that clients choose."""

import re

# Compiled by `re` on first use: reads do not need it, so the cold start should not compile it.
_UNSAFE = (
    r"[\x00-\x1f\x7f-\x9f"  # control characters: terminals obey them, logs and lists break at them
    r"\u2028\u2029"  # line separators
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # directions, which show a text in another order than it has
    r"\ufeff\ufff9-\ufffb"  # byte order mark, annotations
    r"\ud800-\udfff]"  # lone surrogates
)
_INSECURE_LINK = r"(?i)\b(?:(?!https:)[a-z][a-z0-9+.-]*://|(?:javascript|vbscript|data|blob|file|http|ftp|mailto):\S)"


def is_plain(text: str) -> bool:
    """Return whether a text is one line without control characters, changes of direction, marks and lone surrogates."""
    return re.search(_UNSAFE, text) is None


def has_insecure_link(text: str) -> bool:
    """Return whether a text contains a link with another scheme than https."""
    return re.search(_INSECURE_LINK, text) is not None
