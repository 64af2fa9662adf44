"""`python -m local.state.program [--stdin FD] COMMAND...`: become a program that is killed when its parent ends.

The stores are not Python, so they cannot watch their parent themselves. The signal is SIGKILL: the stores survive it,
and a successor waits for their end.
"""

import argparse
import os
import signal

from local.parent import end_with_parent


def main() -> None:
    """Replace this process by the program."""
    parser = argparse.ArgumentParser(prog="python -m local.state.program")
    parser.add_argument("--stdin", type=int, help="file descriptor that becomes the standard input of the program")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.stdin is not None:
        os.dup2(options.stdin, 0)
    end_with_parent(number=signal.SIGKILL)  # the kernel keeps this setting when the program changes
    os.execvp(options.command[0], options.command)  # noqa: S606 - a program that the supervisor chose


if __name__ == "__main__":
    main()
