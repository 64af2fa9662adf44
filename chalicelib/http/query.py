"""Query parameters as the fields of a struct (packages.md 1.2)."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, get_args

from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import FieldInfo, fields

from chalicelib.core.explained import Explained
from chalicelib.core.unsigned import NotUnsigned, unsigned

S = TypeVar("S", bound=Struct)
REFUSED_LATER = Meta(extra={"required": True})
"""Marks a parameter that is required but has a default, because its absence is refused after authorisation."""

_UNSIGNED = Meta(ge=0, extra={"bits": 64})
_LENIENT = Meta(extra={"lenient": True})

Unsigned = Annotated[int, _UNSIGNED]
"""A number of 64 bits, with as many digits as it needs (builds.md 3.3)."""

Lenient = Annotated[bool, _LENIENT]
"""A boolean that may also be one of the other words of builds.md 3.3. `true` and `false` are enough elsewhere."""

_TRUE = frozenset({"true", "TRUE", "t", "T", "1", "on", "ON"})
_FALSE = frozenset({"false", "FALSE", "f", "F", "0", "off", "OFF", ""})
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


class QueryMalformed(Explained, ValueError):
    """A query parameter is missing or cannot be read."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Query deserialize error: {reason}")


def parse(shape: type[S], parameters: Mapping[str, str]) -> S:
    """Return the parameters that a struct declares, by name; others are ignored. Raises QueryMalformed.

    Fields are `str`, `int` or `bool`, or one of these with None for a parameter that was not sent. `parameters` holds
    the last value of each parameter.
    """
    values = {}
    for attribute, name, required, convert in _readers(shape):
        if name in parameters:
            values[attribute] = convert(name, parameters[name])
        elif required:
            raise QueryMalformed(f"missing field `{name}`")
    return shape(**values)


def is_required(field: FieldInfo) -> bool:
    """Return True for a field without a default."""
    return field.default is NODEFAULT and field.default_factory is NODEFAULT


def may_be_malformed(shape: type[Struct]) -> bool:
    """Return True if `parse` can raise QueryMalformed: a parameter is required, or is not a text."""
    return any(is_required(field) or plain_type(field.type) is not str for field in fields(shape))


def is_refused_later(field: FieldInfo) -> bool:
    """Return True for a field that is marked with REFUSED_LATER."""
    return REFUSED_LATER in getattr(field.type, "__metadata__", ())


def plain_type(declared: Any) -> Any:
    """Return the type of a value that is sent: `int` for `int | None` and for annotated integers."""
    if hasattr(declared, "__metadata__"):
        return plain_type(declared.__origin__)
    if isinstance(declared, UnionType):
        return plain_type(next(each for each in get_args(declared) if each is not type(None)))
    return declared


@cache
def _readers(shape: type[Struct]) -> list[tuple[str, str, bool, Callable[[str, str], Any]]]:
    return [(field.name, field.encode_name, is_required(field), _reader_of(field.type)) for field in fields(shape)]


def _reader_of(declared: Any) -> Callable[[str, str], Any]:
    marks = getattr(declared, "__metadata__", ())
    if _UNSIGNED in marks:
        return _unsigned
    return _lenient if _LENIENT in marks else _READERS[plain_type(declared)]


def _integer(name: str, value: str) -> int:
    if not _INTEGER.fullmatch(value):
        raise QueryMalformed(f"invalid digit found in {name}")
    return int(value)


def _unsigned(name: str, value: str) -> int:
    try:
        return unsigned(value, bits=64)
    except NotUnsigned as problem:
        raise QueryMalformed(f"invalid digit found in {name}, or the number is too large") from problem


def _lenient(name: str, value: str) -> bool:
    if value not in _TRUE | _FALSE:
        raise QueryMalformed(f"{name} must be `true` or `false`")
    return value in _TRUE


def _boolean(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise QueryMalformed(f"{name} must be `true` or `false`")
    return value == "true"


_READERS: dict[type, Callable[[str, str], Any]] = {
    str: lambda _, value: value,
    int: _integer,
    bool: _boolean,
}
