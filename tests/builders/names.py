"""Fresh names: state is shared by the tests of a run, so everything that a test makes has a name of its own."""

import itertools
import os

_numbers = itertools.count(1)
_RUN = os.environ.get("PYTEST_XDIST_WORKER", "main")


def a_name(kind: str = "thing") -> str:
    """A legal origin, package or channel name that no other test uses."""
    return f"{kind}-{_RUN}-{next(_numbers)}"
