"""Parsing of JSON bodies into structs (platform.md 1.2)."""

from typing import TypeVar

from msgspec import DecodeError, ValidationError, json

from chalicelib.core.explained import Explained

T = TypeVar("T")


class BodyMalformed(Explained, ValueError):
    """The JSON body is missing or malformed, a field has a wrong type, or the content type is not JSON."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Json deserialize error: {reason}")


class BodyTooLarge(ValueError):
    """The body is too large."""


def parse(shape: type[T], content: bytes, content_type: str) -> T:
    """Return a JSON body as a struct, or as another type that msgspec decodes. Raises BodyMalformed.

    Strict JSON: rejects what lenient readers accept (NaN, lone surrogates, a byte order mark), and numbers out of
    range, which would become infinite. Unknown fields are ignored unless the struct forbids them.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise BodyMalformed("Content type error")
    try:
        content.decode()  # msgspec does not check the encoding of fields that it ignores
        return json.decode(content, type=shape)
    except ValidationError as problem:
        raise BodyMalformed(str(problem)) from problem
    except (DecodeError, RecursionError, UnicodeError) as problem:
        raise BodyMalformed("the body is not JSON") from problem
