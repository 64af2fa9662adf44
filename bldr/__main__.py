"""`python -m bldr`, and what the console script `bldr` runs."""

import os
import sys

import click

from bldr.cli import bldr

INTERRUPTED = 130


def main() -> None:
    """Run a command; Ctrl-C ends it at once, since every command can be repeated from wherever it was cut off."""
    try:
        code = bldr.main(prog_name="bldr", standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("bldr: interrupted; the same command goes on from here", err=True)
        sys.stdout.flush()
        os._exit(INTERRUPTED)  # threads in the middle of a transfer are not waited for
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
