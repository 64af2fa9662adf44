"""A process of the stack ends with its parent, also if the parent was killed while the process was starting."""

import os
import signal
import subprocess
import sys

from local.parent import PARENT
from tests.builders.stack import REPOSITORY
from tests.builders.waiting import PATIENCE

PROGRAM = "import time; from local.parent import end_with_parent; end_with_parent(); print('runs'); time.sleep(0.1)"


def started(parent: int) -> int:
    """Return the exit status of a process that gets the id of its parent in the environment."""
    environment = {**os.environ, PARENT: str(parent)}
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, timeout=PATIENCE, check=False).returncode


def test_a_process_whose_parent_has_ended_during_its_start_ends_at_once() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    assert started(ended.pid) == -signal.SIGTERM


def test_a_process_whose_parent_runs_continues() -> None:
    assert started(os.getpid()) == 0
