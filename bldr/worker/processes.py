"""Run a program of a build: its output goes to the log, and a stop or a limit kills it with all its children."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from bldr.worker.log_text import LineSplitter
from bldr.worker.stopping import StopSignal

BLOCK_BYTES = 64 << 10
POLL_SECONDS = 0.1
CHECK_SECONDS = 2.0
KILL_SECONDS = 3.0
"""Time between the request to end and the kill, unless the program has one of its own."""

OUTPUT_SECONDS = 2.0
"""How long to wait for the end of the output after the program has ended; another process may hold the pipe open."""

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
"""Windows has no SIGKILL."""

Output = Callable[[str], None]

_running: set[int] = set()
"""The process groups of running programs."""


class Program(Struct, frozen=True):
    """A program to run. Its environment contains only `environment`. `check` runs every two seconds and may raise.

    `after_kill` ends processes that do not belong to the process group. `grace` is the time in seconds between the
    request to end and the kill; with 0 the program is killed at once.
    """

    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    check: Callable[[], None] | None = None
    after_kill: Callable[[], None] | None = None
    grace: float = KILL_SECONDS


def run_program(program: Program, output: Output, stop: StopSignal) -> int:
    """Run a program to its end and return its exit code. Its process group does not outlive it.

    Raises Stopped, OSError if the program cannot be started, and the errors of `check`.
    """
    process = subprocess.Popen(  # noqa: S603 - the programs of builds
        list(program.command),
        cwd=program.folder,
        env=dict(program.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    _running.add(process.pid)
    reader = threading.Thread(target=_read, args=(process, output), name="output", daemon=True)
    reader.start()
    try:
        return _wait(process, program, stop)
    except BaseException:  # also Ctrl-C, which must not leave the processes of a build behind
        _end(process, program.grace)
        raise
    finally:
        _kill_group(process.pid)
        _running.discard(process.pid)
        if program.after_kill is not None:
            program.after_kill()
        reader.join(OUTPUT_SECONDS)


def kill_running_programs() -> None:
    """Kill all running programs with their process groups."""
    for group in tuple(_running):
        _kill_group(group)


def _wait(process: subprocess.Popen[bytes], program: Program, stop: StopSignal) -> int:
    next_check = time.monotonic() + CHECK_SECONDS
    while True:
        try:
            return process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            stop.check()
        if program.check is not None and time.monotonic() >= next_check:
            program.check()
            next_check = time.monotonic() + CHECK_SECONDS


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    """Ask the process group to end, then kill it."""
    if grace > 0:
        _signal_group(process.pid, signal.SIGTERM)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        _kill_group(process.pid)
        process.wait()


def _kill_group(group: int) -> None:
    _signal_group(group, KILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    if os.name == "nt":
        kill = ["taskkill", "/T", "/F", "/PID", str(group)]
        subprocess.run(kill, capture_output=True, check=False)  # noqa: S603 - fixed arguments
        return
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # the group has ended


def _read(process: subprocess.Popen[bytes], output: Output) -> None:
    splitter = LineSplitter()
    if process.stdout is None:
        return
    with process.stdout as pipe:
        while block := os.read(pipe.fileno(), BLOCK_BYTES):
            for line in splitter.lines(block):
                output(line)
    for line in splitter.last_line():
        output(line)
