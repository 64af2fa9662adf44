"""Texts that terminals, logs and web pages can show as they are: names and messages that clients choose."""

import re

# Compiled by `re` on first use: reads do not need it, so the cold start should not compile it.
_UNSAFE = (
    r"[\x00-\x1f\x7f-\x9f"  # control characters: terminals obey them, logs and lists break at them
    r"\u2028\u2029"  # line separators
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # directions, which show a text in another order than it has
    r"\u00ad\u180e\u200b\u2060-\u2065\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff"  # invisible: two names look the same
    r"\ufffd"  # replaces bytes of a path that are not UTF-8, so that different paths would have the same name
    r"\ufdd0-\ufdef\ufffe\uffff"  # noncharacters, which are not for interchange
    r"\ud800-\udfff]"  # lone surrogates
)
_DOT_SEGMENTS = frozenset({".", ".."})
"""Clients and proxies resolve these before they send a path, also percent-encoded (RFC 3986, 5.2.4)."""
_INSECURE_LINK = r"(?i)\b(?:(?!https:)[a-z][a-z0-9+.-]*://|(?:javascript|vbscript|data|blob|file|http|ftp|mailto):\S)"


def is_plain(text: str) -> bool:
    """Return whether a text is one line of characters that are visible, spaces, or joiners within words."""
    return re.search(_UNSAFE, text) is None


def is_plain_name(text: str) -> bool:
    """Return whether a plain text can be a segment of a path: clients resolve `.` and `..` before they send a path."""
    return text not in _DOT_SEGMENTS and is_plain(text)


def has_insecure_link(text: str) -> bool:
    """Return whether a text contains a link with another scheme than https."""
    return re.search(_INSECURE_LINK, text) is not None
