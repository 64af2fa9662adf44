"""Encoding of client texts for HTTP headers, which may safely contain only printable ASCII characters.

File names and URLs contain idents and key names, which may contain any character (packages.md section 2).
"""

from urllib.parse import quote


def in_header(text: str) -> str:
    """Return a text with everything but printable ASCII percent-encoded as UTF-8. Existing escapes stay unchanged."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if " " <= each <= "~" else quote(each, errors="replace") for each in text)


def as_file_name(text: str) -> str:
    """Return a text encoded as the value of `X-Filename`, without path separators, because hab uses it as a path."""
    return in_header(text).replace("\\", "%5C").replace("/", "%2F")


def in_quotes(text: str) -> str:
    """Return a text encoded for use between the quotes of a parameter such as `filename="…"`."""
    return in_header(text).replace("\\", "%5C").replace('"', "%22")


def in_parameter(text: str) -> str:
    """Return a text encoded as the value of a parameter with `*` in its name (RFC 8187), without the character set."""
    return quote(text, safe="!#$&+^`|", errors="replace")
