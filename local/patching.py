"""How a method of somebody else's class is replaced."""

from collections.abc import Callable
from functools import wraps
from typing import Any


def around(owner: Any, name: str, instead: Callable[..., Any]) -> None:
    """Have `instead` called in place of a method, with the method itself as its first argument."""
    original = getattr(owner, name)

    @wraps(original)
    def call(*args: Any, **named: Any) -> Any:
        return instead(original, *args, **named)

    setattr(owner, name, call)


def in_place_of(owner: Any, name: str, value: Any) -> None:
    """Put something else where an attribute was. Raises AttributeError where none was, so that a rename is noticed."""
    getattr(owner, name)
    setattr(owner, name, value)
