"""The size of answers. A function's answer to API Gateway is JSON of at most 6 MB, with the body as one of its strings.

The body of an answer is therefore escaped once more: quotes, backslashes and everything that is not ASCII get longer.
"""

from json.encoder import encode_basestring_ascii

BODY_LIMIT = 5_000_000
"""The largest body of an answer, in bytes."""

SENT_LIMIT = 6_000_000
"""The largest body in the form in which a function returns it. Lambda allows 6,291,556 bytes with the headers."""

PLANNED_LIMIT = 4_800_000
"""What rows and pages may fill of the form in which they are sent. The rest is for what can still join the answer."""

_LONGEST_ESCAPE = 6


def text_size(body: bytes) -> int:
    """Return the number of bytes of a text as a function returns it: in a JSON string of ASCII characters."""
    return len(encode_basestring_ascii(body.decode(errors="replace")))


def binary_size(body: bytes) -> int:
    """Return the number of bytes of a binary body as a function returns it: in Base64."""
    return -(-len(body) // 3) * 4


def is_planned(body: bytes) -> bool:
    """Return whether a text leaves enough room in its answer for what can still join it."""
    return len(body) * _LONGEST_ESCAPE <= PLANNED_LIMIT or text_size(body) <= PLANNED_LIMIT


def fits(body: bytes, is_text: bool) -> bool:
    """Return whether a function can return the body."""
    if len(body) * _LONGEST_ESCAPE <= BODY_LIMIT:  # spares most answers the escaping
        return True
    return len(body) <= BODY_LIMIT and (text_size(body) if is_text else binary_size(body)) <= SENT_LIMIT
