"""The declaration of a setting: a field of `Config`, and its line in docs/CONFIGURATION.md."""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct

T = TypeVar("T")
SECRET_NAME = "[A-Za-z0-9/_+=.@:-]{1,512}"


class Setting(Struct, frozen=True):
    """One environment variable: how its text is parsed, and its line in docs/CONFIGURATION.md.

    A deployment does not set a `local` variable, and gets the default.
    """

    variable: str
    parse: Callable[[str], Any]
    default: Any
    meaning: str
    local: bool


SETTINGS: list[Setting] = []


def setting(variable: str, parse: Callable[[str], T], default: T, meaning: str, *, local: bool = False) -> T:
    """Declare the setting of the next field of Config. Return its default."""
    SETTINGS.append(Setting(variable, parse, default, meaning, local))
    return default
