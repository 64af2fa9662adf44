"""JSON bodies as structs: the one reader of body fields (platform.md 1.2)."""

from typing import TypeVar

from msgspec import DecodeError, Struct, ValidationError, json

S = TypeVar("S", bound=Struct)


class BodyMalformed(ValueError):
    """A JSON body is missing, unreadable, of the wrong type or labelled as another type."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Json deserialize error: {why}")


class BodyTooLarge(ValueError):
    """A body is over the limit for its kind."""


def parse(shape: type[S], content: bytes, content_type: str) -> S:
    """The struct in a JSON body; unknown fields are ignored unless the struct forbids them. Raises BodyMalformed.

    Strict JSON: Python's extensions (NaN, lone surrogates) are rejected.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise BodyMalformed("Content type error")
    try:
        return json.decode(content, type=shape)
    except ValidationError as problem:
        raise BodyMalformed(str(problem)) from problem
    except (DecodeError, RecursionError, UnicodeError) as problem:
        raise BodyMalformed("the body is not JSON") from problem
