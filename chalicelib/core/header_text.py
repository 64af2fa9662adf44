"""Text of clients as a value of an HTTP header, which ends at a line feed and holds ASCII in all that can be relied on.

File names and places are made of idents and key names, and these may hold what they like (packages.md section 2).
"""

from urllib.parse import quote


def in_header(text: str) -> str:
    """The text with all but printable ASCII percent-encoded as UTF-8; what is encoded already stays as it is."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if " " <= each <= "~" else quote(each, errors="replace") for each in text)


def in_quotes(text: str) -> str:
    """The text as it may stand between the quotes of a parameter such as `filename="…"`."""
    return in_header(text).replace("\\", "%5C").replace('"', "%22")


def in_parameter(text: str) -> str:
    """The text as the value of a parameter whose name ends in `*` (RFC 8187), without its character set."""
    return quote(text, safe="!#$&+^`|", errors="replace")
