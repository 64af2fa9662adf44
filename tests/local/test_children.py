"""Child processes are stopped together, and killed if they do not end."""

import os
import sys
from pathlib import Path

from local.children import Child, stop_all
from tests.builders.waiting import until

ENDS_AFTER_THE_OTHER = """
import pathlib, signal, sys, time
own, other = map(pathlib.Path, sys.argv[1:])
def end(*_):
    own.with_suffix(".asked").touch()
    while not other.with_suffix(".asked").exists():
        time.sleep(0.01)
    own.with_suffix(".ended").touch()
    sys.exit()
signal.signal(signal.SIGTERM, end)
own.touch()
while True:
    time.sleep(1)
"""
IGNORES_THE_SIGNAL = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(600)
"""


def a_child(program: str, own: Path, *more: Path) -> Child:
    """Return a process that is ready for signals."""
    child = Child(own.name, [sys.executable, "-c", program, str(own), *map(str, more)], None)
    child.start(os.environ)
    assert until(own.exists)
    return child


def test_all_children_are_asked_to_end_before_the_first_one_is_awaited(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    children = [a_child(ENDS_AFTER_THE_OTHER, first, second), a_child(ENDS_AFTER_THE_OTHER, second, first)]

    stop_all(children, 60)

    assert first.with_suffix(".ended").exists()
    assert second.with_suffix(".ended").exists()


def test_a_child_that_does_not_end_is_killed(tmp_path: Path) -> None:
    child = a_child(IGNORES_THE_SIGNAL, tmp_path / "stubborn")
    process = child.pid or 0

    child.stop(0)

    assert child.exit_status() is None
    assert not Path(f"/proc/{process}").exists()
