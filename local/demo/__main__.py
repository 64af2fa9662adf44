"""The demonstration behind `make demo`.

It connects five plans of a local git repository, builds each once, changes one of them, builds everything that depends
on it, promotes and runs the result. Then the stack keeps running until Ctrl-C, so that everything can be looked at.
With `--end` it ends at once, for automatic runs.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from local.demo.repository import Repository
from local.demo.stack import StackFailed, running_stack
from local.demo.steps import Demo, StepFailed


def main() -> int:
    """Run the demonstration and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--end", action="store_true", help="end when everything is done")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="bldr-demo-") as folder, running_stack() as stack:
            demo = Demo(stack, Repository(Path(folder, "plans")), Path(folder))
            demo.run()
            if not options.end:
                stack.wait()
    except (StackFailed, StepFailed) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
