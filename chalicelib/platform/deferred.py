"""Modules imported at their first use: what reads never need must not lengthen the cold start (design.md section 7)."""

from importlib import import_module
from typing import Any


class Deferred:
    """Stands for a module of which nothing has been asked yet. Imports are safe in threads, and cost nothing twice."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


def deferred(name: str) -> Any:
    """A module to be imported when one of its names is first used. Type checkers read the import beside it."""
    return Deferred(name)
