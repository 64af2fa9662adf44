"""Replacing methods and attributes of third-party classes."""

from collections.abc import Callable
from functools import wraps
from typing import Any


def wrap(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Replace a method by `wrapper`, which receives the original method as its first argument."""
    original = getattr(owner, name)

    @wraps(original)
    def call(*args: Any, **named: Any) -> Any:
        return wrapper(original, *args, **named)

    setattr(owner, name, call)


def replace(owner: Any, name: str, value: Any) -> None:
    """Replace an attribute. Raises AttributeError if it does not exist, so that a rename is noticed."""
    getattr(owner, name)
    setattr(owner, name, value)
