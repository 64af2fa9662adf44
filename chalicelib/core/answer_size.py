"""The size of answers. A function's answer is JSON of at most 6 MB, with the body as one of its strings.

The body of an answer is therefore escaped once more: quotes, backslashes and everything that is not ASCII get longer.
"""

from json.encoder import encode_basestring_ascii

from msgspec.json import encode

BODY_LIMIT = 5_000_000
"""The largest body of an answer, in bytes."""

SENT_LIMIT = 6_000_000
"""The largest body in the form in which a function returns it. Lambda allows 6,291,556 bytes with the headers."""

PLANNED_LIMIT = 4_800_000
"""What rows and pages may fill of the form in which they are sent. The rest is for what can still join the answer."""

_LONGEST_ESCAPE = 6
"""The most bytes into which one byte is escaped, as a control character in plain text."""

_LONGEST_CHARACTER = 12
"""The most bytes into which one character is escaped, as one beyond the basic plane."""


def text_size(body: bytes) -> int:
    """Return the number of bytes of a text as a function returns it: in a JSON string of ASCII characters."""
    return len(encode_basestring_ascii(body.decode(errors="replace")))


def most_text_size(body: bytes) -> int:
    """Return a number of bytes that a text does not exceed as a function returns it. Much faster than `text_size`."""
    return len(body) * _LONGEST_ESCAPE


def binary_size(body: bytes) -> int:
    """Return the number of bytes of a binary body as a function returns it: in Base64."""
    return -(-len(body) // 3) * 4


def is_planned(body: bytes) -> bool:
    """Return whether a text leaves enough room in its answer for what can still join it."""
    return most_text_size(body) <= PLANNED_LIMIT or text_size(body) <= PLANNED_LIMIT


def are_planned(*texts: str) -> bool:
    """Return whether texts, as strings of a JSON answer, leave enough room for what can still join it.

    Most texts are so short, or so long, that they need not be escaped to know this.
    """
    characters = sum(map(len, texts))
    if characters * _LONGEST_CHARACTER <= PLANNED_LIMIT:
        return True
    return characters <= PLANNED_LIMIT and is_planned(encode(texts))


def fits(body: bytes, is_text: bool) -> bool:
    """Return whether a function can return the body."""
    if most_text_size(body) <= BODY_LIMIT:  # spares most answers the escaping
        return True
    return len(body) <= BODY_LIMIT and (text_size(body) if is_text else binary_size(body)) <= SENT_LIMIT
