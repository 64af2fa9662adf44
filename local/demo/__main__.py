"""The demonstration behind `make demo`.

It connects five plans of a local git repository, builds each once, changes one of them, builds everything that depends
on it, promotes and runs the result. Then the stack keeps running until Ctrl-C, so that everything can be looked at.
With `--end` it ends at once, for automatic runs.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from local.demo.machine import MachineUnusable, isolates_builds, require_programs
from local.demo.repository import Repository
from local.demo.stack import StackFailed, running_stack
from local.demo.steps import Demo, StepFailed

FAILED, INTERRUPTED = 1, 130


def main() -> int:
    """Run the demonstration and return the exit status: 130 if it was interrupted before its end."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--end", action="store_true", help="end when everything is done")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)  # else the stack would keep running
    status = INTERRUPTED
    try:
        require_programs()
        with tempfile.TemporaryDirectory(prefix="bldr-demo-") as folder, running_stack(isolates_builds()) as stack:
            demo = Demo(stack, Repository(Path(folder, "plans")), Path(folder))
            demo.run()
            status = 0
            if not options.end:
                demo.explain()
                stack.wait()
    except (MachineUnusable, StackFailed, StepFailed) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print()
    return status


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
