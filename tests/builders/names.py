"""Unique names: tests of one run share their state, so each test creates everything under a new name."""

import itertools
import os

_numbers = itertools.count(1)
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")


def a_name(kind: str = "thing") -> str:
    """Return a valid origin, package or channel name that no other test uses."""
    return f"{kind}-{_WORKER}-{next(_numbers)}"
